"""Serve pictures under permanent links; anyone with the link may see the picture."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from django.core.handlers.asgi import ASGIRequest
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.utils.cache import get_conditional_response
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe

from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process.bulkhead import RETRY_AFTER, NoPlace
from mjproxy.lib.web import byte_ranges
from mjproxy.lib.web.outside_hosts import DeferredResponse
from tasks.enums import TaskStatus
from tasks.models import KeptFile, Task
from tasks.pictures import cdn, fresh_links, previews, store
from tasks.pictures.kept import links as kept_links
from tasks.pictures.kept import through
from tasks.pictures.kept.failures import Missing, NotUsable
from tasks.pictures.kept.files import BeingRemoved
from tasks.pictures.types import type_of
from tasks.snapshots import drawing_settings

_NAME: Final = re.compile(
    r"(?P<key>[0-9a-f]{1,64})(?:(?P<preview>-\d{1,3})|-w(?P<size>320|640))?"
    r"\.(?:png|webp|jpg|gif|mp4|bin)",
    re.ASCII,
)
_PIECE: Final = 1 << 18
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_SHORT: Final = "public, max-age=5"


class Answer(Exception):
    """No picture can be shown; `response` says why."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.response = JsonResponse({"description": text}, status=status)
        self.response["Cache-Control"] = "no-store"
        if status == 503:
            self.response["Retry-After"] = str(RETRY_AFTER)


@require_safe
def picture(request: HttpRequest, task_id: int, name: str) -> HttpResponseBase:
    """Serve a finished picture, or the preview of an unfinished one."""
    try:
        task, wanted = _find(task_id, name)
        if wanted["preview"] and task.status != TaskStatus.SUCCESS:
            response = _preview(request, task)
        else:
            size = int(wanted["size"] or 0)
            response = _final(request, task, size, short=bool(wanted["preview"]))
    except Answer as answer:
        response = answer.response
    response["Access-Control-Allow-Origin"] = "*"
    response["X-Content-Type-Options"] = "nosniff"
    # The bytes come from outside, so they may not run as a page of ours.
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _find(task_id: int, name: str) -> tuple[Task, re.Match[str]]:
    match = _NAME.fullmatch(name)
    task = Task.objects.filter(pk=task_id).first() if task_id < 1 << 63 else None
    if (
        not match
        or not task
        or not constant_time_compare(match["key"], task.picture_key)
    ):
        raise Answer(404, "no such picture")
    return task, match


def _final(
    request: HttpRequest, task: Task, size: int, *, short: bool
) -> HttpResponseBase:
    """Serve the picture; with a size its thumbnail, or the picture until that is made.

    It lies in the data folder, in the bucket, or still at Discord only.
    """
    if task.status != TaskStatus.SUCCESS or not task.picture_source:
        raise Answer(404, "no such picture")
    how = _How(request, f'"{task.picture_key}"', _SHORT if short else _FOR_EVER)
    if small := kept_links.local_thumbnail(task, size):
        with suppress(FileNotFoundError):
            return replace(how, etag=f'"{task.picture_key}-{size}"').shown(*small)
    if size:
        how = replace(how, caching=_SHORT)
    if path := store.kept_path(task):
        with suppress(FileNotFoundError):  # it has just moved to the bucket
            return how.shown(type_of(path), path)
    if file := kept_links.in_bucket(task):
        return _from_bucket(how, task, file, size)
    return DeferredResponse(partial(_from_discord, how, task))


def _from_bucket(how: _How, task: Task, file: KeptFile, size: int) -> HttpResponseBase:
    try:
        link = kept_links.link_of(file, size)
    except NotUsable:
        raise Answer(503, "the storage of pictures cannot be used now") from None
    if link is None:
        return DeferredResponse(partial(_passed_on, how, task, file, size))
    response = HttpResponse(status=302, headers={"Location": link.url})
    response["Cache-Control"] = f"private, max-age={link.seconds}"
    return response


async def _passed_on(
    how: _How, task: Task, file: KeptFile, size: int
) -> HttpResponseBase:
    """Fetch a picture from the bucket and serve it; waits in the event loop."""
    try:
        name, path = await through.copy_of(file, size, task.owner_id, at_once=True)
        return how.shown(type_of(Path(name)), path)
    except Missing:
        return await _from_discord(how, task)
    except NoPlace:
        return Answer(503, "too many pictures are being fetched, try again").response
    except (NotUsable, OSError):
        return Answer(503, "the storage of pictures cannot be used now").response


async def _from_discord(how: _How, task: Task) -> HttpResponseBase:
    keep = (await in_thread(drawing_settings)).keep_pictures
    response = await _fetched(how, task, task.picture_source, keep=keep)
    if response.status_code == 404 and await in_thread(fresh_links.ask, task):
        text = "its link at Discord is being renewed, try again"
        return Answer(503, text).response
    return response


def _preview(request: HttpRequest, task: Task) -> HttpResponseBase:
    source = task.preview_source
    if not source:
        raise Answer(404, "no preview yet")
    how = _How(request, f'"{store.preview_name(source)}"', _SHORT)
    if cached := store.cached_preview(source):
        return how.shown(*cached)
    return DeferredResponse(partial(_preview_from_discord, how, task))


async def _preview_from_discord(how: _How, task: Task) -> HttpResponseBase:
    """Serve the newest preview; the kept one if Discord does not give it."""
    response = await _fetched(how, task, task.preview_source, keep=False)
    is_away = response.status_code in (404, 502)
    if is_away and (kept := await in_thread(previews.path_of, task.pk)):
        with suppress(FileNotFoundError):
            return replace(how, etag=f'"{kept.stem}"').shown(type_of(kept), kept)
    return response


async def _fetched(
    how: _How, task: Task, source: str, *, keep: bool
) -> HttpResponseBase:
    """Fetch a picture from the CDN and serve it; waits in the event loop."""
    try:
        found = await _download(task, source)
        path = await in_thread(_kept, task, found) if keep else found.path
        return how.shown(found.content_type, path)
    except FileNotFoundError:  # it was cached for an hour and was just removed
        return Answer(503, "the picture has to be fetched anew, try again").response
    except Answer as answer:
        return answer.response


async def _download(task: Task, source: str) -> cdn.Picture:
    try:
        return await cdn.download(source, task.owner_id, at_once=True)
    except NoPlace:
        raise Answer(503, "too many pictures are being fetched, try again") from None
    except store.UnknownSource:
        raise Answer(404, "the picture is not at Discord") from None
    except cdn.CdnError as exc:
        if exc.gone:
            raise Answer(404, "the picture is gone from Discord") from exc
        raise Answer(502, f"the picture cannot be fetched now: {exc}") from exc


def _kept(task: Task, found: cdn.Picture) -> Path:
    try:
        kept = store.store_file(task, found.content_type, found.path)
    except BeingRemoved:
        return found.path
    if kept is None:
        raise Answer(404, "no such picture")
    return kept


@dataclass(frozen=True)
class _How:
    """The parts of a response besides the picture."""

    request: HttpRequest
    etag: str
    caching: str

    def shown(self, kind: str, path: Path) -> HttpResponseBase:
        if unchanged := _unchanged(self.request, self.etag, self.caching):
            return unchanged
        response = _from_file(self.request, path)
        response["Content-Type"] = kind
        response["Content-Disposition"] = "inline"
        response["ETag"] = self.etag
        response["Cache-Control"] = self.caching
        return response


def _unchanged(request: HttpRequest, etag: str, caching: str) -> HttpResponse | None:
    response = HttpResponse(headers={"ETag": etag, "Cache-Control": caching})
    answer = get_conditional_response(request, etag=etag, response=response)
    if isinstance(answer, HttpResponse) and answer.status_code == 304:
        return answer
    return None


def _from_file(request: HttpRequest, path: Path) -> HttpResponseBase:
    """Return a file, or the requested range of it. Raises Answer."""
    size = path.stat().st_size
    try:
        part = byte_ranges.asked(request.headers.get("Range", ""), size)
    except byte_ranges.Unsatisfiable:
        answer = Answer(416, "the picture has no such part")
        answer.response["Content-Range"] = f"bytes */{size}"
        raise answer from None
    wanted = range(size) if part is None else part
    headers = {"Content-Length": str(len(wanted)), "Accept-Ranges": "bytes"}
    if part is not None:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    status = 200 if part is None else 206
    if request.method == "HEAD":
        return HttpResponse(status=status, headers=headers)
    read = _apieces if isinstance(request, ASGIRequest) else _pieces
    return StreamingHttpResponse(read(path, wanted), status=status, headers=headers)


def _pieces(path: Path, part: range) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(part.start)
        left = len(part)
        while left and (piece := file.read(min(_PIECE, left))):
            left -= len(piece)
            yield piece


async def _apieces(path: Path, part: range) -> AsyncIterator[bytes]:
    file = await asyncio.to_thread(path.open, "rb")
    try:
        file.seek(part.start)
        left = len(part)
        while left and (piece := await asyncio.to_thread(file.read, min(_PIECE, left))):
            left -= len(piece)
            yield piece
    finally:
        file.close()
