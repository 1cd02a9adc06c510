"""The channel layer before a Redis that falls silent without closing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from redis.asyncio import Redis

from mjproxy.redis import channel_layer
from mjproxy.redis.channel_layer import Layer
from tests.e2e.faulty import RedisServer
from tests.relay import Relay, relay_to

LIMIT = 20  # seconds


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    running = RedisServer(tmp_path_factory.mktemp("redis"))
    yield running
    running.kill()


@pytest.fixture
def line(server: RedisServer) -> Iterator[Relay]:
    with relay_to(server.port) as relay:
        yield relay


def layer_at(port: int) -> Any:
    waits = {"socket_timeout": 0.5, "socket_connect_timeout": 1}
    address = f"redis://127.0.0.1:{port}/0"
    return Layer(hosts=[{"address": address, "health_check_interval": 1, **waits}])


@pytest.fixture
async def here(line: Relay, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    monkeypatch.setattr(channel_layer, "LOOK_EVERY", 0.1)
    monkeypatch.setattr(channel_layer, "PATIENCE", 0.5)
    layer = layer_at(line.port)
    yield layer
    line.heal()
    await layer.flush()


@pytest.fixture
async def elsewhere(server: RedisServer) -> AsyncIterator[Any]:
    layer = layer_at(server.port)
    yield layer
    await layer.flush()


async def heard(here: Any, elsewhere: Any, channel: str) -> dict[str, Any]:
    """Send from elsewhere again and again, until it is heard here."""
    hearing = asyncio.create_task(here.receive(channel))
    async with asyncio.timeout(LIMIT):
        while not hearing.done():
            await elsewhere.send(channel, {"type": "hello"})
            await asyncio.wait({hearing}, timeout=0.1)
    found: dict[str, Any] = hearing.result()
    return found


async def test_a_silent_subscription_is_replaced(
    here: Any, elsewhere: Any, line: Relay
) -> None:
    channel = await here.new_channel()
    assert await heard(here, elsewhere, channel)
    line.fall_silent(new_too=False)

    assert await heard(here, elsewhere, channel) == {"type": "hello"}


async def test_a_silent_line_does_not_hold_up_who_sends(
    here: Any, elsewhere: Any, line: Relay
) -> None:
    channel = await elsewhere.new_channel()
    assert await heard(elsewhere, here, channel)
    line.fall_silent(new_too=False)

    async with asyncio.timeout(LIMIT):
        with pytest.raises(Exception, match="Timeout"):
            await here.send(channel, {"type": "lost"})
        await here.send(channel, {"type": "hello"})
        while (await elsewhere.receive(channel))["type"] != "hello":
            pass


async def test_an_idle_subscription_stays(
    here: Any, elsewhere: Any, line: Relay, caplog: pytest.LogCaptureFixture
) -> None:
    channel = await here.new_channel()
    assert await heard(here, elsewhere, channel)
    lines = line.accepted

    with caplog.at_level(logging.WARNING):
        hearing = asyncio.create_task(here.receive(channel))
        await asyncio.wait({hearing}, timeout=3)

        assert await heard(here, elsewhere, channel)
    assert line.accepted == lines
    assert caplog.records == []
    hearing.cancel()


async def test_what_another_client_publishes_reaches_groups_and_channels(
    here: Any, elsewhere: Any, server: RedisServer
) -> None:
    channels = {name: await here.new_channel() for name in ("a", "b")}
    for name, channel in channels.items():
        await here.group_add(name, channel)
    wanted = {name: {"type": "task.changed", "task_ids": [name]} for name in "abc"}
    receiving = [here.receive(channel) for channel in (*channels.values(), "c")]
    messages = [elsewhere.to_group(name, wanted[name]) for name in channels]
    messages.append(elsewhere.to_channel("c", wanted["c"]))

    hearing = asyncio.gather(*receiving)
    async with asyncio.timeout(LIMIT), Redis(port=server.port) as client:
        while not hearing.done():  # Redis may take the subscriptions a moment later
            for channel, message in messages:
                await client.publish(channel, message)
            await asyncio.wait([hearing], timeout=0.1)

    assert await hearing == list(wanted.values())
