"""Threads for long work on files: a service that hangs holds up nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, ParamSpec, TypeVar

from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.last_answers import Service, note
from tasks.pictures.kept.failures import Missing, NotUsable

P = ParamSpec("P")
T = TypeVar("T")

THREADS: Final = 8
DECODERS: Final = 2
LIMIT: Final = 240.0  # seconds for the largest file; a silent service fails earlier

_buckets: Final = ThreadPoolExecutor(THREADS, thread_name_prefix="buckets")
_decoders: Final = ThreadPoolExecutor(DECODERS, thread_name_prefix="decoders")


async def in_decoder(
    function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run a function that decodes a picture in a thread, and await it.

    It must not use the database. Raises NotUsable after LIMIT seconds.
    """
    return await _in(_decoders, partial(function, *args, **kwargs))


async def _in(pool: ThreadPoolExecutor, call: Callable[[], T]) -> T:
    running = asyncio.get_running_loop().run_in_executor(pool, call)
    try:
        return await asyncio.wait_for(running, LIMIT)
    except TimeoutError:
        raise NotUsable("The work on the file takes too long.") from None


async def in_bucket_thread(
    function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run a function that calls the bucket in a thread, and await it.

    Notes how the service has answered. The function must not use the database. Raises
    NotUsable after LIMIT seconds.
    """
    try:
        found = await _in(_buckets, partial(function, *args, **kwargs))
    except NotUsable as exc:
        await in_thread(note, Service.STORAGE, str(exc))
        raise
    except Missing:
        await in_thread(note, Service.STORAGE)
        raise
    await in_thread(note, Service.STORAGE)
    return found
