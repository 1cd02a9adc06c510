"""Pictures under links that stay: whoever knows the link may see the picture."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Iterator
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

from tasks import cdn, pictures, ranges
from tasks.enums import TaskStatus
from tasks.models import DrawingSettings, Task
from tasks.representation import EXTENSIONS

_NAME: Final = re.compile(
    r"(?P<key>[0-9a-f]{1,64})(?P<preview>-\d{1,3})?\.(?:png|webp|jpg|gif|mp4|bin)",
    re.ASCII,
)
_TYPES: Final = {extension: kind for kind, extension in EXTENSIONS.items()}
_PIECE: Final = 1 << 18
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_SHORT: Final = "public, max-age=5"

PATIENCE: Final = 2.0  # seconds to wait for a place among those who fetch
# Half of the threads that answer requests: the others stay free while the CDN hangs.
_fetching = threading.BoundedSemaphore(4)


class Answer(Exception):
    """There is no picture to show; `response` says why."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.response = JsonResponse({"description": text}, status=status)
        self.response["Cache-Control"] = "no-store"


@require_safe
def picture(request: HttpRequest, task_id: int, name: str) -> HttpResponseBase:
    """Show a finished picture, or the preview of one that is being drawn."""
    try:
        task, wants_preview = _find(task_id, name)
        if wants_preview and task.status != TaskStatus.SUCCESS:
            response = _preview(request, task)
        else:
            response = _final(request, task, short=wants_preview)
    except Answer as answer:
        response = answer.response
    response["Access-Control-Allow-Origin"] = "*"
    response["X-Content-Type-Options"] = "nosniff"
    # The bytes come from elsewhere: whatever they are, they run nothing here.
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _find(task_id: int, name: str) -> tuple[Task, bool]:
    match = _NAME.fullmatch(name)
    task = Task.objects.filter(pk=task_id).first() if task_id < 1 << 63 else None
    if (
        not match
        or not task
        or not constant_time_compare(match["key"], task.picture_key)
    ):
        raise Answer(404, "no such picture")
    return task, bool(match["preview"])


def _final(request: HttpRequest, task: Task, *, short: bool) -> HttpResponseBase:
    if task.status != TaskStatus.SUCCESS or not task.picture_source:
        raise Answer(404, "no such picture")
    etag = f'"{task.picture_key}"'
    caching = _SHORT if short else _FOR_EVER
    if path := pictures.kept_path(task):
        if unchanged := _unchanged(request, etag, caching):
            return unchanged
        kind = _TYPES.get(path.suffix[1:], "application/octet-stream")
        return _shown(_from_file(request, path), kind, etag, caching)
    found = _download(task.picture_source)
    if DrawingSettings.get_solo().keep_pictures:
        pictures.store(task.pk, found.content_type, found.body)
    return _shown(_from_bytes(request, found.body), found.content_type, etag, caching)


def _preview(request: HttpRequest, task: Task) -> HttpResponseBase:
    source = task.preview_source
    if not source:
        raise Answer(404, "no preview yet")
    etag = f'"{pictures.preview_name(source)}"'
    if cached := pictures.cached_preview(source):
        kind, body = cached
        if unchanged := _unchanged(request, etag, _SHORT):
            return unchanged
    else:
        found = _download(source)
        kind, body = found.content_type, found.body
        pictures.cache_preview(source, kind, body)
    return _shown(_from_bytes(request, body), kind, etag, _SHORT)


def _download(source: str) -> cdn.Picture:
    """Fetch from the CDN in this request's thread; a slow CDN may not take them all."""
    if not _fetching.acquire(timeout=PATIENCE):
        raise Answer(503, "too many pictures are being fetched, try again")
    try:
        return cdn.download_now(pictures.cdn_url(source))
    except pictures.UnknownSource:
        raise Answer(404, "the picture is not at Discord") from None
    except cdn.CdnError as exc:
        if exc.gone:
            raise Answer(404, "the picture is gone from Discord") from exc
        raise Answer(502, f"the picture cannot be fetched now: {exc}") from exc
    finally:
        _fetching.release()


def _unchanged(request: HttpRequest, etag: str, caching: str) -> HttpResponse | None:
    response = HttpResponse(headers={"ETag": etag, "Cache-Control": caching})
    answer = get_conditional_response(request, etag=etag, response=response)
    if isinstance(answer, HttpResponse) and answer.status_code == 304:
        return answer
    return None


def _shown(
    response: HttpResponseBase, kind: str, etag: str, caching: str
) -> HttpResponseBase:
    response["Content-Type"] = kind
    response["Content-Disposition"] = "inline"
    response["ETag"] = etag
    response["Cache-Control"] = caching
    return response


def _from_bytes(request: HttpRequest, body: bytes) -> HttpResponse:
    response = HttpResponse(b"" if request.method == "HEAD" else body)
    response["Content-Length"] = str(len(body))
    return response


def _from_file(request: HttpRequest, path: Path) -> HttpResponseBase:
    size = path.stat().st_size
    try:
        part = ranges.asked(request.headers.get("Range", ""), size)
    except ranges.Unsatisfiable:
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
