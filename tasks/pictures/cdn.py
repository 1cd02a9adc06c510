"""Download pictures from Discord's CDN into files, without any credentials."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import aiohttp

from mjproxy.lib import faults
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.faults import Work
from mjproxy.lib.process.bulkhead import Places
from mjproxy.lib.safe_http.client import (
    USER_AGENT,
    Unfetchable,
    close_at_exit,
    reason_of,
    save_capped,
)
from mjproxy.lib.safe_http.file_kinds import kind_of
from mjproxy.lib.safe_http.resolver import Resolver
from mjproxy.lib.validators.addresses import exact
from tasks.models import StorageSettings, Task
from tasks.pictures import fresh_links, store
from tasks.pictures.kept import writing
from tasks.pictures.kept.failures import NotUsable
from tasks.pictures.kept.threads import in_decoder
from tasks.snapshots import storage_settings

logger = logging.getLogger(__name__)

MAX_BYTES: Final = 64 << 20
TIMEOUT: Final = 30.0  # seconds
AT_ONCE: Final = 4  # pictures that a worker stores at the same time
# Downloads of one process, and of one user. The limits hold when the CDN hangs.
IN_ALL: Final = 48
EACH: Final = 24
GONE: Final = frozenset({403, 404, 410})
# An SVG could hold a script.
REFUSED_TYPES: Final = frozenset({"image/svg+xml"})


@dataclass(frozen=True)
class Picture:
    """A downloaded picture. Its file is removed after an hour."""

    content_type: str
    path: Path


class CdnError(Exception):
    """The CDN did not give the picture; `gone`: it will not do so later."""

    def __init__(self, reason: str, *, gone: bool = False) -> None:
        super().__init__(reason)
        self.gone = gone


class Downloader:
    """Downloads of one process. Belongs to one event loop."""

    def __init__(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=IN_ALL, resolver=Resolver()),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
        )
        close_at_exit(self._session)
        self.slots = asyncio.Semaphore(AT_ONCE)
        self.places = Places(IN_ALL, EACH)
        self.keeping: set[int] = set()  # tasks whose pictures are being stored
        self._running: dict[str, asyncio.Task[Picture]] = {}

    async def download(
        self, source: str, who: Hashable, *, at_once: bool = False
    ) -> Picture:
        """Return the picture at `source`; concurrent calls share one download."""
        if source not in self._running:
            task = asyncio.create_task(self._found(source, who, at_once=at_once))
            task.add_done_callback(lambda done: self._forget(source, done))
            self._running[source] = task
        return await asyncio.shield(self._running[source])

    def _forget(self, source: str, task: asyncio.Task[Picture]) -> None:
        self._running.pop(source, None)
        if not task.cancelled():
            task.exception()  # marks it as retrieved, if no caller waits any more

    async def _found(self, source: str, who: Hashable, *, at_once: bool) -> Picture:
        cached, url = await in_thread(_look_up, source)
        if cached:
            return cached
        async with self.places.place(who, at_once=at_once):
            try:
                async with asyncio.timeout(TIMEOUT):
                    return await self._download(source, url)
            except (TimeoutError, aiohttp.ClientError, OSError, Unfetchable) as exc:
                raise CdnError(reason_of(exc)) from exc

    async def _download(self, source: str, url: str) -> Picture:
        async with self._session.get(exact(url), allow_redirects=False) as response:
            if response.status != 200:
                reason = f"HTTP {response.status}"
                raise CdnError(reason, gone=response.status in GONE)
            label = response.content_type
            check = partial(_check, label)
            with store.drafting() as draft:
                head = await save_capped(response, draft, MAX_BYTES, check)
                kind = kind_of(head) or label
                return Picture(kind, store.cache_preview(source, kind, draft))


def _look_up(source: str) -> tuple[Picture | None, str]:
    """Return the picture if it is cached, else its address at the CDN."""
    if cached := store.cached_preview(source):
        return Picture(*cached), ""
    return None, store.cdn_url(source)


def _check(label: str, head: bytes) -> None:
    """Raise CdnError unless it is a picture or video; the bytes outrank the label."""
    if kind_of(head):
        return
    if not label.startswith("image/") and label != "video/mp4":
        raise CdnError(f"not a picture but {label[:80]}")
    if label in REFUSED_TYPES:
        raise CdnError(f"{label} is not taken")


_downloaders: dict[asyncio.AbstractEventLoop, Downloader] = {}


def _downloader() -> Downloader:
    loop = asyncio.get_running_loop()
    if loop not in _downloaders:
        _downloaders[loop] = Downloader()
    return _downloaders[loop]


async def download(source: str, who: Hashable, *, at_once: bool = False) -> Picture:
    """Return the picture at `source`; `who` is the user whose limit it counts for.

    With `at_once` it raises NoPlace instead of waiting. Raises CdnError, and
    UnknownSource if the link does not lead to the CDN.
    """
    return await _downloader().download(source, who, at_once=at_once)


async def keep(task_id: int) -> None:
    """Store a finished task's picture, if that is still to be done."""
    keeping = _downloader().keeping
    if task_id in keeping:
        return  # the sweep nudges again what waits for long
    keeping.add(task_id)
    try:
        await faults.watch(Work("picture of task", task_id, store.give_up), _keep)
    finally:
        keeping.discard(task_id)


async def _keep(task_id: int) -> None:
    async with _downloader().slots:
        task, row = await in_thread(_due, task_id)
        if task is None:
            return
        try:
            await _store(task, row)
        except store.UnknownSource as exc:
            logger.error("task %s: picture not kept, it is at %s", task_id, exc)
            await in_thread(store.try_later, task)
        # The disk may be full for a while.
        except (CdnError, NotUsable, OSError) as exc:
            if isinstance(exc, CdnError) and exc.gone:
                await in_thread(fresh_links.ask, task)
            logger.warning("task %s: picture not kept, again later: %s", task_id, exc)
            await in_thread(store.try_later, task)


def _due(task_id: int) -> tuple[Task | None, StorageSettings]:
    return store.due_picture(task_id), storage_settings()


async def _store(task: Task, row: StorageSettings) -> None:
    found = await download(task.picture_source, "kept")
    content_type, path = found.content_type, found.path
    # The thumbnails too: a job of their own would cost more than they do.
    file = await in_decoder(writing.write, path, content_type, row, at_once=True)
    await in_thread(store.note, task, file, content_type, path)
