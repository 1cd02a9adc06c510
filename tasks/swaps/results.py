"""Results of swaps: copied from the provider, whose links expire within an hour."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PIL import Image

from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process.bulkhead import Places
from mjproxy.lib.safe_http import client
from mjproxy.lib.safe_http.client import Unfetchable
from mjproxy.lib.safe_http.file_kinds import HEAD, kind_of
from tasks.pictures import inputs, store
from tasks.swaps import rows
from tasks.swaps.files import VIDEO_TYPE
from tasks.swaps.kinds import PICTURE, SwapKind, kind_of_task
from tasks.swaps.rows import Work
from tasks.swaps.timing import FETCH_TIMEOUT

_places: Final = Places(in_all=4, each=4)


async def copy(work: Work, source: str) -> None:
    """Store a result, then end its task. Raises Unfetchable, OSError.

    It is fetched without the token, as any link that a stranger gives.
    """
    kind = kind_of_task(work.task)

    def is_wanted(head: bytes) -> bool:
        return _fits(kind, kind_of(head))

    async with _places.place("results"):
        with store.drafting() as draft:
            await client.get(
                source,
                draft,
                max_bytes=kind.most_result,
                wanted=is_wanted,
                timeout=FETCH_TIMEOUT,
            )
            await in_thread(_keep, work, source, draft)


def _fits(kind: SwapKind, found: str) -> bool:
    return found.startswith("image/") if kind is PICTURE else found == VIDEO_TYPE


def _keep(work: Work, source: str, draft: Path) -> None:
    with draft.open("rb") as file:
        content_type = kind_of(file.read(HEAD))
    size = None if content_type == VIDEO_TYPE else _size(draft)
    store.store_file(work.task, content_type, draft)
    if work.task.picture_file:  # empty: the task was deleted
        rows.finish(work.task, source, content_type, size)


def _size(path: Path) -> tuple[int, int]:
    """Return width and height. Raises Unfetchable if it is no sound picture."""
    try:
        with Image.open(path, formats=inputs.FORMATS) as image:
            width, height = image.size
    except Exception:  # Pillow's decoders raise many kinds of errors
        raise Unfetchable(
            "结果不是图片", "the result is no picture", permanent=True
        ) from None
    if width * height > inputs.MAX_PIXELS:
        raise Unfetchable(
            "结果尺寸过大", "the result has too many pixels", permanent=True
        )
    return width, height
