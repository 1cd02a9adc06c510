"""The CDN: the bytes behind the links."""

import asyncio
import re
from dataclasses import dataclass

from aiohttp import web

from gateway.simulator import pictures
from gateway.simulator.core import Core
from gateway.simulator.ids import signature
from gateway.simulator.jobs import Job
from gateway.simulator.results import picture_of
from gateway.simulator.uploads import Uploads

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SMALL = 256 * 256  # pixels; drawing fewer is quicker than a thread


@dataclass
class Cdn:
    """Serves attachments; pictures are drawn when somebody asks for them."""

    core: Core
    uploads: Uploads

    async def get(self, request: web.Request) -> web.Response:
        """The endpoint; `width`, `height` and `format` work as at the media proxy."""
        if self.core.knobs.link_enforce and not self._good(request):
            return _gone()
        attachment_id = request.match_info["attachment_id"]
        name = request.match_info["name"]
        data: bytes | None = None
        preview = self.core.previews.get(attachment_id)
        if preview is not None:
            data = await self._preview(*preview)
        elif (data := self.uploads.file(attachment_id)) is None:
            uuids = UUID.findall(name)
            job = self.core.world.jobs.get(uuids[-1]) if uuids else None
            if job is not None and job.attachment_id == attachment_id:
                data = await self.result(job)
        if data is None:
            return _gone()
        return await _shaped(request, data)

    async def result(self, job: Job) -> bytes:
        """The bytes of a job's result."""
        picture = picture_of(job, self.core.config.picture_size)
        if picture.width * picture.height <= SMALL:
            return pictures.png(picture)
        return await asyncio.to_thread(pictures.png, picture)

    async def _preview(self, uuid: str, progress: int) -> bytes | None:
        job = self.core.world.jobs.get(uuid)
        if job is None:
            return None
        picture = picture_of(job, self.core.config.picture_size)
        return await asyncio.to_thread(pictures.preview, picture, progress)

    def _good(self, request: web.Request) -> bool:
        expires, issued = request.query.get("ex", ""), request.query.get("is", "")
        try:
            alive = int(expires, 16) > self.core.clock.now()
        except ValueError:
            return False
        return alive and request.query.get("hm") == signature(
            request.path, expires, issued
        )


async def _shaped(request: web.Request, data: bytes) -> web.Response:
    query = request.query
    width, height = _number(query.get("width")), _number(query.get("height"))
    form = query.get("format", "")
    kind = "image/webp" if data.startswith(b"RIFF") else "image/png"
    if width or height or form:
        data, kind = await asyncio.to_thread(
            pictures.resized, data, width=width, height=height, form=form
        )
    return web.Response(body=data, content_type=kind)


def _number(text: str | None) -> int:
    return min(int(text), 4096) if text is not None and text.isdecimal() else 0


def _gone() -> web.Response:
    return web.Response(status=404, text="This content is no longer available.")
