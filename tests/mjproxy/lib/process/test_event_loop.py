from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

import time_machine
from django.utils import timezone

from mjproxy.lib.process import event_loop


def test_a_pause_that_begins_while_a_test_stops_time_ends() -> None:
    with time_machine.travel(timezone.now() + timedelta(days=2), tick=False):
        event_loop.run(pause())


async def pause() -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(0.01):
            await asyncio.Event().wait()
