"""Bring the files of a swap to the provider, before anything is paid."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Final

from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process.bulkhead import Places
from mjproxy.lib.safe_http import client
from mjproxy.lib.safe_http.client import Unfetchable
from mjproxy.lib.safe_http.file_kinds import is_picture, kind_of
from tasks.enums import InputRole
from tasks.exceptions import InvalidRequest
from tasks.models import InputPicture, SwapSettings, Task
from tasks.pictures import cdn, own_links, store
from tasks.pictures.kept import links, through
from tasks.pictures.kept.failures import Missing, NotUsable
from tasks.pictures.types import extension
from tasks.swaps import files, rows
from tasks.swaps.kinds import PICTURE, kind_of_task
from tasks.swaps.provider import Provider
from tasks.swaps.rows import Work
from tasks.swaps.timing import FETCH_TIMEOUT

# Files in memory on their way: of the process, and of one user.
_places: Final = Places(in_all=4, each=2)
_COLUMNS: Final = {InputRole.FACE: "face_at", InputRole.SWAPPED: "target_at"}


async def bring(work: Work, settings: SwapSettings, provider: Provider) -> None:
    """Upload the files that are not there yet.

    Raises ProviderError, Unfetchable, and FileNotFoundError if a file is not kept.
    """
    for picture in work.pictures:
        column = _COLUMNS[InputRole(picture.role)]
        if getattr(work.swap, column):
            continue
        async with _places.place(work.task.owner_id):
            body, kind = await _checked(work, picture, settings.max_bytes)
            name = f"{work.task.pk}-{picture.role}.{extension(kind)}"
            address = await provider.upload(name, kind, body)
        await in_thread(rows.note_file, work.swap, column, address)


async def _checked(work: Work, picture: InputPicture, most: int) -> tuple[bytes, str]:
    """Return the bytes of a file and its type. Raises Unfetchable for a wrong one."""
    is_video = (
        picture.role == InputRole.SWAPPED and kind_of_task(work.task) is not PICTURE
    )
    if picture.file:
        return await in_thread(store.read_input, picture.file), picture.content_type
    with store.drafting() as draft:
        url = picture.source_url
        if own := await in_thread(own_links.named_by, url):
            path = await _own_copy(own)
            await in_thread(shutil.copyfile, path, draft)
        else:
            wanted = _is_video if is_video else is_picture
            await client.get(
                url, draft, max_bytes=most, wanted=wanted, timeout=FETCH_TIMEOUT
            )
        body = await in_thread(draft.read_bytes)
    check = partial(files.checked_video if is_video else _picture, body, most)
    try:
        return body, await in_thread(check)
    except InvalidRequest as exc:
        zh = exc.zh.replace("base64", "图片")
        raise Unfetchable(zh, exc.en, permanent=True) from exc


async def _own_copy(own: Task) -> Path:
    """Return a copy of a picture of this server. Raises Unfetchable."""
    try:
        if path := await in_thread(store.kept_path, own):
            return path
        if file := await in_thread(links.in_bucket, own):
            return (await through.copy_of(file, 0, "swaps"))[1]
        return (await cdn.download(own.picture_source, "swaps")).path
    except (Missing, store.UnknownSource) as exc:
        raise Unfetchable("图片不存在", "it is not kept", permanent=True) from exc
    except NotUsable as exc:
        raise Unfetchable("链接无法访问", f"the storage: {exc}") from exc
    except cdn.CdnError as exc:
        raise Unfetchable("链接无法访问", str(exc), permanent=exc.gone) from exc


def _picture(body: bytes, most: int) -> str:
    return files.checked_picture(body, most)[0]


def _is_video(head: bytes) -> bool:
    return kind_of(head) == files.VIDEO_TYPE
