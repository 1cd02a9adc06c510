"""Pictures of requests: fetch them to the disk, then pass them on to Discord.

A process has few of them in memory at once. Limits for each host and account keep a
slow host or a slow proxy from delaying the others.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from gateway.timing import FETCH_TIMEOUT
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process.bulkhead import Places
from mjproxy.lib.safe_http import client
from mjproxy.lib.safe_http.client import Unfetchable
from mjproxy.lib.safe_http.file_kinds import is_picture
from tasks.exceptions import InvalidRequest
from tasks.models import InputPicture, Task
from tasks.pictures import cdn, fresh_links, inputs, own_links, store
from tasks.pictures.kept import links, through
from tasks.pictures.kept.failures import Missing, NotUsable
from tasks.prompts.links import is_official

# Fetches of one process, and those from one host.
_fetches: Final = Places(in_all=32, each=4)
# Pictures in memory on their way to Discord, and those of one account.
_uploads: Final = Places(in_all=8, each=2)


@asynccontextmanager
async def in_memory(
    picture: InputPicture, account_id: int
) -> AsyncIterator[tuple[bytes, str]]:
    """Give a brought picture's bytes and type while the block runs.

    A link is fetched first, by the safe client. Raises Unfetchable, and
    FileNotFoundError if the picture is not kept any more.
    """
    if not picture.file:
        await _fetch(picture)
    async with _uploads.place(account_id):
        body = await in_thread(store.read_input, picture.file)
        yield body, picture.content_type


async def _fetch(picture: InputPicture) -> None:
    with store.drafting() as draft:
        try:
            await _fetch_into(draft, picture.source_url)
            await in_thread(_note, picture, draft)
        except InvalidRequest as exc:
            zh = exc.zh.replace("base64", "图片")
            raise Unfetchable(zh, exc.en, permanent=True) from exc


def _note(picture: InputPicture, found: Path) -> None:
    """Keep the fetched file. Raises InvalidRequest if it is no picture."""
    size = found.stat().st_size
    kind, width, height = inputs.measure_file(found)
    picture.content_type, picture.width, picture.height = kind, width, height
    picture.size, picture.file = size, store.adopt_input(found, kind)
    fields = ["content_type", "width", "height", "size", "file"]
    rows = InputPicture.objects.filter(pk=picture.pk)
    if not rows.update(**{name: getattr(picture, name) for name in fields}):
        store.remove(picture.file)
        raise FileNotFoundError("the picture's task is over")


async def _fetch_into(draft: Path, url: str) -> None:
    if own := await in_thread(own_links.named_by, url):
        if not await in_thread(_copy_kept, own, draft):
            if not await _from_bucket(own, draft):
                await _own_from_discord(own, draft)
            await in_thread(_fit, draft)
    elif is_official(url) and await in_thread(_is_at_cdn, url):
        await _from_discord(url, draft)
    else:
        host = client.check_url(url).host
        async with _fetches.place(host):
            await client.get(
                url,
                draft,
                max_bytes=inputs.MAX_BYTES,
                wanted=is_picture,
                timeout=FETCH_TIMEOUT,
            )


def _copy_kept(own: Task, draft: Path) -> bool:
    """Copy a picture of this server from the disk; return False if it is not kept."""
    body = own_links.kept_bytes(own)
    if body:
        draft.write_bytes(own_links.fitting(body))
    return bool(body)


async def _from_bucket(own: Task, draft: Path) -> bool:
    """Copy a picture of this server from the bucket; return False if it is not there.

    Raises Unfetchable.
    """
    file = await in_thread(links.in_bucket, own)
    if file is None:
        return False
    try:
        _, path = await through.copy_of(file, 0, "brought")
    except Missing:
        return False
    except NotUsable as exc:
        raise Unfetchable("链接无法访问", f"the storage of pictures: {exc}") from exc
    await in_thread(shutil.copyfile, path, draft)
    return True


async def _own_from_discord(own: Task, draft: Path) -> None:
    """Copy a picture of this server from Discord; if its link has expired, later.

    Raises Unfetchable.
    """
    try:
        await _from_discord(own.picture_source, draft)
    except Unfetchable as exc:
        if exc.permanent and await in_thread(fresh_links.ask, own):
            raise Unfetchable(exc.zh, "its link is being renewed") from exc
        raise


def _fit(draft: Path) -> None:
    draft.write_bytes(own_links.fitting(draft.read_bytes()))


def _is_at_cdn(url: str) -> bool:
    try:
        return bool(store.cdn_url(url))
    except store.UnknownSource:
        return False


async def _from_discord(source: str, draft: Path) -> None:
    """Copy a picture from Discord's CDN. Raises Unfetchable."""
    try:
        found = await cdn.download(source, "brought")
        await in_thread(shutil.copyfile, found.path, draft)
    except store.UnknownSource as exc:
        raise Unfetchable(
            "链接无法访问", "the picture is not at Discord", permanent=True
        ) from exc
    except cdn.CdnError as exc:
        raise Unfetchable("链接无法访问", str(exc), permanent=exc.gone) from exc
