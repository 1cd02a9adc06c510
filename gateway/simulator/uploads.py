"""Uploads: the two steps of an attachment, and messages that carry one."""

import mimetypes
import re
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from aiohttp import web
from PIL import Image, UnidentifiedImageError

from gateway.simulator import wire
from gateway.simulator.answers import Refused, answer
from gateway.simulator.core import Core
from gateway.simulator.door import Handler
from gateway.simulator.events import Event
from gateway.simulator.rest import Rest
from gateway.simulator.results import place_attachment
from gateway.simulator.shapes import own_user
from gateway.simulator.wire import Json
from gateway.simulator.world import Account, Message

LIMIT = 10 << 20
BUCKET = "https://discord-attachments-uploads-prd.storage.googleapis.com"
_STRANGE = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass
class Upload:
    """A place for one file; `data` is there after the PUT."""

    name: str  # the key that later requests use
    filename: str
    size: int
    data: bytes | None = None


@dataclass
class Uploads:
    """The upload bucket and the endpoints that speak of it."""

    core: Core
    rest: Rest
    _uploads: dict[str, Upload] = field(default_factory=dict)
    _files: dict[str, bytes] = field(default_factory=dict)  # by attachment id
    _sent: dict[tuple[str, str], Message] = field(default_factory=dict)  # by nonce

    def routes(self) -> dict[str, Handler]:
        """Those below `/api/vN`."""
        return {
            "POST /channels/{channel_id}/attachments": self.announce,
            "DELETE /attachments/{folder}/{filename}": self.forget,
            "POST /channels/{channel_id}/messages": self.post_message,
        }

    def file(self, attachment_id: str) -> bytes | None:
        """The bytes of an attachment that a user has posted."""
        return self._files.get(attachment_id)

    def take(self, name: str) -> Upload:
        """The finished upload of this key; it can be used once."""
        upload = self._uploads.get(name)
        if upload is None or upload.data is None:
            raise Refused(400, 50146, "Uploaded file not found.")
        return self._uploads.pop(name)

    async def announce(self, request: web.Request) -> web.Response:
        """Step one: names and sizes in, addresses out."""
        self.rest.channel(request)
        body = wire.load(await request.read())
        files = body.get("files") or []
        if not 1 <= len(files) <= 10:
            raise Refused(400, 50035, "Invalid Form Body")
        if any(int(f.get("file_size", 0)) > LIMIT for f in files):
            raise Refused(413, 40005, "Request entity too large")
        return answer({"attachments": [self._place(f) for f in files]})

    def _place(self, wanted: Json) -> Json:
        filename = _STRANGE.sub("", str(wanted["filename"])) or "file"
        name = f"{self.core.ids.uuid()}/{filename}"
        self._uploads[name] = Upload(name, filename, int(wanted["file_size"]))
        base = BUCKET if self.core.config.real_hosts else f"{self.core.url}/upload"
        return {
            "id": int(wanted.get("id") or 0),
            "upload_url": f"{base}/{name}?upload_id={self.core.ids.hex(16)}",
            "upload_filename": name,
        }

    async def put(self, request: web.Request) -> web.Response:
        """Step two: the bytes; the size must be the announced one."""
        folder, filename = request.match_info["folder"], request.match_info["filename"]
        upload = self._uploads.get(f"{folder}/{filename}")
        if upload is None or upload.data is not None:
            return web.Response(status=404)
        data = await request.read()
        if len(data) != upload.size:
            return web.Response(status=400, text="size differs")
        upload.data = data
        return web.Response()

    async def forget(self, request: web.Request) -> web.Response:
        self.rest.account(request)
        folder, filename = request.match_info["folder"], request.match_info["filename"]
        self._uploads.pop(f"{folder}/{filename}", None)
        return web.Response(status=204)

    async def post_message(self, request: web.Request) -> web.Response:
        """A message of the user; the same nonce gives the same message."""
        account, channel = self.rest.channel(request)
        body = wire.load(await request.read())
        nonce = str(body.get("nonce") or "")
        known = self._sent.get((channel.id, nonce)) if nonce else None
        if known is not None:
            return answer({**known.data, "nonce": nonce})
        attachments = [
            self._attach(channel.id, self.take(str(a.get("uploaded_filename"))))
            for a in body.get("attachments") or []
        ]
        message = self._message(account, channel.id, channel.guild_id, body)
        message.data["attachments"] = attachments
        self.core.world.add_message(message, keep=self.core.knobs.keep_messages)
        self.core.store.message(message)
        self._sent[(channel.id, nonce)] = message
        self.core.publish(
            Event(
                "MESSAGE_CREATE",
                message.data,
                channel_id=channel.id,
                owner=account,
                nonce=nonce or None,
            )
        )
        return answer({**message.data, "nonce": nonce})

    def _message(
        self, account: Account, channel_id: str, guild_id: str | None, body: Json
    ) -> Message:
        message_id = self.core.ids.snowflake()
        data: Json = {
            "id": message_id,
            "type": 0,
            "channel_id": channel_id,
            "author": own_user(account),
            "content": str(body.get("content") or ""),
            "timestamp": self.core.clock.stamp(self.core.knobs.clock_skew),
            "edited_timestamp": None,
            "flags": 0,
            "embeds": [],
            "components": [],
            "mentions": [],
        }
        if guild_id is not None:
            data["guild_id"] = guild_id
        return Message(message_id, channel_id, data, owner_id=account.user_id)

    def _attach(self, channel_id: str, upload: Upload) -> Json:
        data = upload.data or b""
        attachment_id = self.core.ids.snowflake()
        self._files[attachment_id] = data
        attachment: dict[str, Any] = place_attachment(
            self.core, channel_id, attachment_id, upload.filename
        )
        attachment["size"] = upload.size
        kind = mimetypes.guess_type(upload.filename)[0]
        attachment["content_type"] = kind or "application/octet-stream"
        try:
            with Image.open(BytesIO(data)) as image:
                attachment["width"], attachment["height"] = image.size
        except UnidentifiedImageError:
            pass
        return attachment
