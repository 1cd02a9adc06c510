"""Uploads: the two steps of an attachment, and messages that carry one."""

import mimetypes
import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from gateway.simulator.base.wire import Json
from gateway.simulator.discord.rest import Rest
from gateway.simulator.http.access import Handler
from gateway.simulator.http.answers import Refused, answer, invalid_form
from gateway.simulator.http.bodies import json_object, objects
from gateway.simulator.jobs.results import place_attachment
from gateway.simulator.pixels import pictures
from gateway.simulator.state.accounts import Account
from gateway.simulator.state.channels import Message
from gateway.simulator.state.core import Core
from gateway.simulator.state.events import Event
from gateway.simulator.state.files import NoUpload, Upload
from gateway.simulator.state.shapes import own_user

LIMIT = 10 << 20  # bytes of one file
BUCKET = "https://discord-attachments-uploads-prd.storage.googleapis.com"
_STRANGE = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass
class Uploads:
    """The upload bucket, and the endpoints for attachments and messages."""

    core: Core
    rest: Rest
    _sent: dict[tuple[str, str], Message] = field(default_factory=dict)  # by nonce

    def routes(self) -> dict[str, Handler]:
        """Return the endpoints below `/api/vN`."""
        return {
            "POST /channels/{channel_id}/attachments": self.announce,
            "DELETE /attachments/{folder}/{filename}": self.forget,
            "POST /channels/{channel_id}/messages": self.post_message,
        }

    async def announce(self, request: web.Request) -> web.Response:
        """Handle step one: accept names and sizes, answer upload addresses."""
        self.rest.channel(request)
        files = objects((await json_object(request)).get("files"))
        if not 1 <= len(files) <= 10:
            raise invalid_form("files", "BASE_TYPE_BAD_LENGTH", "1 to 10 files")
        if any(_size(wanted) > LIMIT for wanted in files):
            raise Refused(413, 40005, "Request entity too large")
        return answer({"attachments": [self._place(f) for f in files]})

    def _place(self, wanted: Json) -> Json:
        filename = _STRANGE.sub("", str(wanted.get("filename", ""))) or "file"
        name = f"{self.core.ids.uuid()}/{filename}"
        now = self.core.clock.now()
        upload = Upload(name, filename, _size(wanted), now + self.core.knobs.upload_ttl)
        self.core.files.expect(upload, now)
        base = BUCKET if self.core.config.real_hosts else f"{self.core.url}/upload"
        number = str(wanted.get("id") or 0)
        return {
            "id": int(number) if number.isdecimal() else 0,
            "upload_url": f"{base}/{name}?upload_id={self.core.ids.hex(16)}",
            "upload_filename": name,
        }

    async def put(self, request: web.Request) -> web.Response:
        """Step two: the bytes; the size must be the announced one."""
        try:
            upload = self.core.files.waiting(_key(request), self.core.clock.now())
        except NoUpload:
            return web.Response(status=404)
        data = await request.read()
        if len(data) != upload.size:
            return web.Response(status=400, text="size differs")
        upload.data = data
        return web.Response()

    async def forget(self, request: web.Request) -> web.Response:
        self.rest.account(request)
        self.core.files.forget(_key(request))
        return web.Response(status=204)

    async def post_message(self, request: web.Request) -> web.Response:
        """Post a message of the user; a repeated nonce returns the first message."""
        account, channel = self.rest.channel(request)
        body = await json_object(request)
        nonce = str(body.get("nonce") or "")
        known = self._sent.get((channel.id, nonce)) if nonce else None
        if known is not None:
            return answer({**known.data, "nonce": nonce})
        uploads = self._taken(body)
        attachments = [self._attach(channel.id, upload) for upload in uploads]
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

    def _taken(self, body: Json) -> list[Upload]:
        entries = objects(body.get("attachments"))
        names = [str(entry.get("uploaded_filename")) for entry in entries]
        try:
            return self.core.files.take(names, self.core.clock.now())
        except NoUpload:
            raise Refused(400, 50146, "Uploaded file not found.") from None

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
        self.core.files.attach(attachment_id, data)
        attachment: dict[str, Any] = place_attachment(
            self.core, channel_id, attachment_id, upload.filename
        )
        attachment["size"] = upload.size
        kind = mimetypes.guess_type(upload.filename)[0]
        attachment["content_type"] = kind or "application/octet-stream"
        if (size := pictures.size_of(data)) is not None:
            attachment["width"], attachment["height"] = size
        return attachment


def _size(wanted: Json) -> int:
    size = wanted.get("file_size")
    if not isinstance(size, int) or size <= 0:
        raise invalid_form("files", "NUMBER_TYPE_MIN", "file_size must be positive")
    return size


def _key(request: web.Request) -> str:
    return f"{request.match_info['folder']}/{request.match_info['filename']}"
