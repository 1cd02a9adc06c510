"""Downloads from Discord's CDN, in the bridge's loop. Nothing of ours is sent along."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from functools import partial
from typing import Final

import aiohttp

from accounts.addresses import exact
from tasks import bridge, faults, pictures
from tasks.database import in_thread
from tasks.faults import Work
from tasks.fetcher import USER_AGENT, Unfetchable, close_at_exit, read_capped, reason_of
from tasks.kinds import HEAD, kind_of

logger = logging.getLogger(__name__)

MAX_BYTES: Final = 64 << 20
TIMEOUT: Final = 30.0
AT_ONCE: Final = 4
GONE: Final = frozenset({403, 404, 410})
# A drawing program's page is not a picture: it could hold a script.
REFUSED_TYPES: Final = frozenset({"image/svg+xml"})


@dataclass(frozen=True)
class Picture:
    content_type: str
    body: bytes


class CdnError(Exception):
    """The CDN did not give the picture; `gone` where it will not do so later."""

    def __init__(self, reason: str, *, gone: bool = False) -> None:
        super().__init__(reason)
        self.gone = gone


class Downloader:
    """Downloads of one process. Lives in one event loop."""

    def __init__(self) -> None:
        self._session = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=TIMEOUT, sock_connect=10),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
        )
        close_at_exit(self._session)
        self.slots = asyncio.Semaphore(AT_ONCE)
        self._running: dict[str, asyncio.Task[Picture]] = {}

    async def download(self, url: str) -> Picture:
        """Return the picture at `url`, fetched once for all who ask meanwhile."""
        if url not in self._running:
            task = asyncio.create_task(self._download(url))
            task.add_done_callback(lambda done: self._forget(url, done))
            self._running[url] = task
        return await asyncio.shield(self._running[url])

    def _forget(self, url: str, task: asyncio.Task[Picture]) -> None:
        self._running.pop(url, None)
        if not task.cancelled():
            task.exception()  # seen, also where nobody waits any more

    async def _download(self, url: str) -> Picture:
        try:
            async with self._session.get(exact(url), allow_redirects=False) as response:
                if response.status != 200:
                    reason = f"HTTP {response.status}"
                    raise CdnError(reason, gone=response.status in GONE)
                label = response.content_type
                check = partial(_check, label)
                body = await read_capped(response, MAX_BYTES, check)
                return Picture(kind_of(body[:HEAD]) or label, body)
        except (TimeoutError, aiohttp.ClientError, OSError, Unfetchable) as exc:
            raise CdnError(reason_of(exc)) from exc


def _check(label: str, head: bytes) -> None:
    """Raise CdnError for what is no picture or video; its bytes count first."""
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


async def download(url: str) -> Picture:
    """Return the picture at `url`, or raise CdnError."""
    return await _downloader().download(url)


def download_now(url: str) -> Picture:
    """As `download`, for code that runs in a thread and waits."""
    try:
        return bridge.run(download(url), timeout=TIMEOUT + 5)
    except TimeoutError as exc:
        raise CdnError("timed out") from exc


async def keep(task_id: int) -> None:
    """Copy a finished task's picture, if that is still to be done."""
    await faults.watch(Work("picture of task", task_id, pictures.give_up), _keep)


async def _keep(task_id: int) -> None:
    async with _downloader().slots:
        wanted = await in_thread(pictures.claim_picture, task_id)
        if wanted is None:
            return
        try:
            picture = await download(wanted.url)
            kind, body = picture.content_type, picture.body
            await in_thread(pictures.store, task_id, kind, body)
        except (CdnError, OSError) as exc:  # the disk may be full for a while
            logger.warning("task %s: picture not kept, again later: %s", task_id, exc)
