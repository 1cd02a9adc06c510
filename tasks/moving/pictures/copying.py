"""Copy pictures of moved tasks, few at once: drawings have places of their own.

A link comes from another server, so it is called as any address that a stranger gives.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

import aiohttp

from mjproxy.lib import faults
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.faults import Work
from mjproxy.lib.process.bulkhead import NoPlace, Places
from mjproxy.lib.safe_http import client
from mjproxy.lib.safe_http.client import Unfetchable
from mjproxy.lib.safe_http.file_kinds import HEAD, kind_of
from tasks.models import MovedPicture, Task
from tasks.moving import timing
from tasks.moving.pictures import hosts, rows
from tasks.pictures import cdn, fresh_links, store
from tasks.pictures.cdn import CdnError
from tasks.pictures.kept import writing
from tasks.pictures.kept.failures import NotUsable
from tasks.pictures.kept.threads import in_decoder
from tasks.snapshots import storage_settings

AT_ONCE: Final = 2  # pictures that a worker copies at the same time
_places: Final = Places(in_all=AT_ONCE, each=AT_ONCE)


class Hopeless(Exception):
    """The picture cannot be copied, now or later."""


class NotNow(Exception):
    """The picture cannot be copied now; `is_away`: its host has failed."""

    def __init__(self, why: str, *, is_away: bool = False) -> None:
        super().__init__(why)
        self.is_away = is_away


async def go_on() -> None:
    """Copy one picture after the other until none is due.

    At most AT_ONCE of these run in a process; further ones end at once.
    """
    await faults.watch(Work("pictures of moves", 0), _go_on)


async def _go_on(_: int) -> None:
    with suppress(NoPlace):
        async with _places.place("moved", at_once=True):
            while picture := await in_thread(rows.claimed, hosts.resting()):
                await _attend(picture)


async def _attend(picture: MovedPicture) -> None:
    async def work(task_id: int) -> None:
        await _copy(picture)

    done = Work("moved picture of task", picture.pk, rows.give_up)
    await faults.watch(done, work, at_once=True)


async def _copy(picture: MovedPicture) -> None:
    """Copy a claimed picture, or note why that failed."""
    try:
        if rows.is_worn_out(picture):
            raise Hopeless(picture.reason or "the worker has ended at each try")
        await _keep(picture.task)
    except Hopeless as exc:
        await in_thread(rows.give_up, picture.pk, str(exc))
    except NotNow as exc:
        await in_thread(rows.try_later, picture, str(exc))
        if exc.is_away and hosts.failed(picture.host):
            await in_thread(rows.give_up_host, picture.host, str(exc))
    # The disk may be full for a while.
    except (NotUsable, OSError) as exc:
        await in_thread(rows.try_later, picture, str(exc))
    else:
        hosts.works(picture.host)


async def _keep(task: Task) -> None:
    """Keep the picture of a task, unless it is kept already.

    Its file is noted first and its link is changed last. Who is killed in between has
    left a file that the next try finds.
    """
    if not task.picture_file and task.picture_source:
        found = await _from_discord(task)
        await _write(task, found.content_type, found.path)
    elif not task.picture_file:
        with store.drafting() as draft:
            await _write(task, await _from_link(task.picture_link, draft), draft)
    if task.picture_file:  # empty: the task was deleted meanwhile
        await in_thread(rows.finish, task)


async def _write(task: Task, content_type: str, found: Path) -> None:
    """Note the picture; the job of kept files makes the thumbnails, after drawings."""
    settings = await in_thread(storage_settings)
    file = await in_decoder(writing.write, found, content_type, settings)
    await in_thread(store.note, task, file, content_type, found)


async def _from_discord(task: Task) -> cdn.Picture:
    """Return a picture at Discord. Raises Hopeless, NotNow."""
    try:
        return await cdn.download(task.picture_source, "moved")
    except store.UnknownSource as exc:
        raise Hopeless(f"it is not at Discord but at {exc}") from exc
    except CdnError as exc:
        if not exc.gone:
            raise NotNow(str(exc), is_away=True) from exc
        if await in_thread(fresh_links.ask, task):
            raise NotNow("its link at Discord is being renewed") from exc
        if fresh_links.is_expired(task.picture_source):
            text = "its link at Discord has expired; its account must be connected"
            raise NotNow(f"{text} to renew it") from exc
        raise Hopeless(str(exc)) from exc


async def _from_link(link: str, draft: Path) -> str:
    """Fetch a picture into a file; return its type. Raises Hopeless, NotNow."""
    try:
        await client.get(
            link,
            draft,
            max_bytes=cdn.MAX_BYTES,
            wanted=lambda head: bool(kind_of(head)),
            timeout=timing.PICTURE_SECONDS,
        )
    except Unfetchable as exc:
        # A server that is being restarted refuses connections for a while.
        is_away = isinstance(exc.__cause__, aiohttp.ClientConnectorError)
        if exc.permanent and not is_away:
            raise Hopeless(exc.en) from exc
        raise NotNow(exc.en, is_away=True) from exc
    return await in_thread(_kind, draft)


def _kind(file: Path) -> str:
    with file.open("rb") as opened:
        return kind_of(opened.read(HEAD))
