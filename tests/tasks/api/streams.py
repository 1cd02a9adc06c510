"""Answers that wait for Discord; the test plays the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from channels.db import database_sync_to_async
from django.test import AsyncClient

from tasks.models import Errand
from tasks.signals import errand_submitted
from tests.conftest import ALICES_KEY


async def ask(path: str, body: Any = None, key: str = ALICES_KEY) -> Any:
    """Return the response to a GET, or to a POST of `body`, not read yet."""
    headers = {"mj-api-secret": key}
    if body is None:
        return await AsyncClient().get(path, headers=headers)
    return await AsyncClient().post(
        path, body, content_type="application/json", headers=headers
    )


async def read(response: Any) -> Any:
    """Return the whole answer."""
    if not response.streaming:
        return orjson.loads(response.content)
    parts = [part async for part in response.streaming_content]
    return orjson.loads(b"".join(parts))


async def read_while(response: Any, act: Callable[..., Any], *args: Any) -> Any:
    """Return an answer that was already waiting when `act` was called.

    Both use the database's only thread, so the answer's first look comes first.
    """
    reading = asyncio.ensure_future(read(response))
    await asyncio.sleep(0)
    await database_sync_to_async(act)(*args)
    return await reading


@contextmanager
def gateway(act: Callable[[Errand], Any]) -> Iterator[list[Errand]]:
    """Run this for each errand as soon as it is submitted."""
    run: list[Errand] = []

    def receive(errand_id: int, **_: Any) -> None:
        errand = Errand.objects.get(pk=errand_id)
        run.append(errand)
        act(errand)

    errand_submitted.connect(receive)
    try:
        yield run
    finally:
        errand_submitted.disconnect(receive)
