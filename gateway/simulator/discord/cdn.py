"""CDN: serve the bytes behind links."""

import asyncio
from dataclasses import dataclass

from aiohttp import web

from gateway.simulator.http.access import Handler
from gateway.simulator.jobs import media
from gateway.simulator.pixels import pictures
from gateway.simulator.state.core import Core
from gateway.simulator.state.jobs import Job

TYPES = (
    (b"RIFF", "image/webp"),
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8", "image/jpeg"),
)
FORMS = frozenset({"", "png", "webp", "jpg", "jpeg", "gif"})


@dataclass
class Cdn:
    """Serves attachments; pictures are drawn when they are requested."""

    core: Core

    def routes(self) -> dict[str, Handler]:
        """Return a map of `METHOD /path` to handler."""
        place = "{channel_id}/{attachment_id}/{name}"
        return {
            f"GET /attachments/{place}": self.get,
            f"GET /ephemeral-attachments/{place}": self.get,
            "GET /s.mj.run/{code}": self.short,
            "GET /cdn.midjourney.com/{uuid}/{name}": self.tile,
            "GET /cdn.midjourney.com/video/{uuid}/{name}": self.tile,
        }

    async def get(self, request: web.Request) -> web.Response:
        """Serve an attachment.

        `width`, `height` and `format` work as at the media proxy.
        """
        if not media.alive(self.core, request.path, dict(request.query)):
            return _gone()
        data = await media.attachment(self.core, request.match_info["attachment_id"])
        if data is None:
            return _gone()
        answer = await _shaped(request, data)
        answer.content_type = self.core.knobs.cdn_type or answer.content_type
        return answer

    async def short(self, request: web.Request) -> web.Response:
        """Serve a prompt's short link; a link to another host is answered with 302."""
        code = request.match_info["code"]
        data = await media.short(self.core, code)
        if data is not None:
            return web.Response(body=data, content_type=_type(data))
        if code not in self.core.links:
            return _gone()
        raise web.HTTPFound(self.core.links[code])

    async def tile(self, request: web.Request) -> web.Response:
        """Serve a single picture of a grid, as Midjourney's own CDN does."""
        if self.core.knobs.mj_cdn_forbids:
            return web.Response(status=403, text="Forbidden")
        uuid, name = request.match_info["uuid"], request.match_info["name"]
        data = await media.tile(self.core, uuid, name)
        return (
            _gone()
            if data is None
            else web.Response(body=data, content_type=_type(data))
        )

    async def result(self, job: Job) -> bytes:
        """Return the bytes of a job's result."""
        return await media.result(self.core, job)


async def _shaped(request: web.Request, data: bytes) -> web.Response:
    query = request.query
    width, height = _number(query.get("width")), _number(query.get("height"))
    form, kind = query.get("format", ""), _type(data)
    if not (width or height or form):
        return web.Response(body=data, content_type=kind)
    if form not in FORMS or pictures.size_of(data) is None:
        return web.Response(status=415, text="This cannot be resized so.")
    data, kind = await asyncio.to_thread(
        pictures.resized, data, width=width, height=height, form=form
    )
    return web.Response(body=data, content_type=kind)


def _type(data: bytes) -> str:
    if data[4:8] == b"ftyp":
        return "video/mp4"
    known = (kind for head, kind in TYPES if data.startswith(head))
    return next(known, "application/octet-stream")


def _number(text: str | None) -> int:
    return min(int(text), 4096) if text is not None and text.isdecimal() else 0


def _gone() -> web.Response:
    return web.Response(status=404, text="This content is no longer available.")
