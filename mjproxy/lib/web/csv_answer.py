"""Answer with a CSV file that is sent as its rows are read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

from mjproxy.lib.db.threads import in_thread


def csv_answer(
    request: HttpRequest, parts: Iterator[bytes], name: str
) -> StreamingHttpResponse:
    """Send the parts of a file with this name; no part may be empty."""
    streams = isinstance(request, ASGIRequest)
    response = StreamingHttpResponse(
        _read_in_threads(parts) if streams else parts,
        content_type="text/csv; charset=utf-8",
    )
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


async def _read_in_threads(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    while part := await in_thread(next, parts, b""):
        yield part
