"""Channels of interactions: the main channel first, then that of the drawing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import DiscordAccount, SubChannel, User
from gateway.discord.identity import identity_of
from gateway.events.handlers import Outcome, Recipient, handle
from gateway.events.matching import snowflake_at
from gateway.protocol.constants import Event
from gateway.sending import cancel, dispatch, window_answers
from gateway.sockets import history
from gateway.sockets.connection import Connection
from gateway.sockets.reconnect import Resume
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process import event_loop
from tasks.enums import TaskAction, TaskStatus, WindowState
from tests.factories import make_finished
from tests.gateway import wire
from tests.gateway.fakes import FakeHttp
from tests.gateway.rest_server import Server, addresses, serving
from tests.gateway.rows import (
    again,
    make_pressed,
    make_running,
    make_waiting,
)
from tests.gateway.wire import CHANNEL, GUILD, JOB, US

pytestmark = pytest.mark.django_db(transaction=True)

ELSEWHERE = {"guild_id": "1411111111111111100", "channel_id": "1411111111111111200"}


def place(body: dict[str, Any]) -> dict[str, str]:
    return {name: body[name] for name in ("guild_id", "channel_id")}


def test_a_new_drawing_goes_to_the_main_channel(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    # It was sent once before, when the account worked elsewhere.
    task = make_waiting(alice, live, **ELSEWHERE)

    dispatch.run_lane(live.pk)

    assert place(http.bodies[0]) == {"guild_id": GUILD, "channel_id": CHANNEL}
    sent = again(task)
    assert (sent.guild_id, sent.channel_id) == (GUILD, CHANNEL)


def test_a_press_goes_to_where_its_button_stands(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    task = make_waiting(
        alice,
        live,
        action=TaskAction.VARIATION,
        custom_id="MJ::JOB::variation::1::x",
        parent_message_id="7",
        **ELSEWHERE,
    )

    dispatch.run_lane(live.pk)

    assert place(http.bodies[0]) == ELSEWHERE
    assert again(task).channel_id == ELSEWHERE["channel_id"]


def test_a_windows_answer_goes_there_too(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    task = make_running(
        alice,
        live,
        window=WindowState.OPEN,
        window_id="MJ::OutpaintCustomZoomModal::x",
        **ELSEWHERE,
    )

    event_loop.run(window_answers.answer(task.pk))

    assert place(http.bodies[0]) == ELSEWHERE


def test_cancel_is_pressed_there(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    task = make_running(
        alice,
        live,
        progress_message_id="9",
        job_id=JOB,
        cancel_requested_at=timezone.now(),
        **ELSEWHERE,
    )

    assert cancel.press_cancel(task.pk)

    assert place(http.bodies[0]) == ELSEWHERE


# --- what is heard there -------------------------------------------------------------


@pytest.fixture
def two_channels(account: DiscordAccount) -> DiscordAccount:
    SubChannel.objects.create(account=account, **ELSEWHERE)
    return account


@pytest.fixture
def both(two_channels: DiscordAccount) -> Recipient:
    return Recipient(two_channels.pk, US, identity_of(two_channels).channels)


def test_a_result_in_a_sub_channel_ends_its_task(
    alice: User, two_channels: DiscordAccount, both: Recipient
) -> None:
    task = make_pressed(
        alice, two_channels, "variation", 1, action=TaskAction.VARIATION, **ELSEWHERE
    )
    result = wire.final("88", said="Variations (Strong) by ", nonce=task.nonce)

    assert handle(both, Event.MESSAGE_CREATE, result | ELSEWHERE) is Outcome.READ

    assert again(task).status == TaskStatus.SUCCESS


def test_words_count_in_the_tasks_own_channel_only(
    alice: User, two_channels: DiscordAccount, both: Recipient
) -> None:
    task = make_running(alice, two_channels, guild_id=GUILD, channel_id=CHANNEL)

    # Drawn by hand in another channel, with the same words.
    now = int(snowflake_at(timezone.now()))
    by_hand = wire.final(f"{now + 1}", job=wire.OTHER_JOB) | ELSEWHERE
    handle(both, Event.MESSAGE_CREATE, by_hand)
    assert again(task).status == TaskStatus.SUBMITTED

    handle(both, Event.MESSAGE_CREATE, wire.final(f"{now + 2}"))
    assert again(task).job_id == JOB


def test_the_drawings_of_another_in_a_shared_channel_are_theirs(
    alice: User, two_channels: DiscordAccount, both: Recipient
) -> None:
    task = make_running(alice, two_channels, guild_id=GUILD, channel_id=CHANNEL)

    theirs = wire.final("88", user=wire.STRANGER)

    assert handle(both, Event.MESSAGE_CREATE, theirs) is Outcome.NOT_OURS
    assert again(task).status == TaskStatus.SUBMITTED


# --- what is read there --------------------------------------------------------------


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as found:
        found.says(200, [])
        yield found


async def open_connection(account: DiscordAccount, server: Server) -> Connection:
    identity = await in_thread(identity_of, account)
    slots = asyncio.Semaphore(1)
    return Connection(identity, addresses(server.url), 1, Resume(), slots, user_id=US)


def channels_of(server: Server) -> set[str]:
    return {seen.url.split("/channels/")[1].split("/")[0] for seen in server.seen}


async def test_history_is_read_in_each_channel_with_a_task(
    alice: User, account: DiscordAccount, server: Server
) -> None:
    def rows() -> None:
        make_running(alice, account, guild_id=GUILD, channel_id=CHANNEL)
        make_running(alice, account, "other words", **ELSEWHERE)
        gone = {"guild_id": "1511111111111111100", "channel_id": "1511111111111111200"}
        make_finished(alice, account=account, **gone)

    await in_thread(rows)
    connection = await open_connection(account, server)

    assert await history.repair(connection)
    await connection.close()

    assert channels_of(server) == {CHANNEL, ELSEWHERE["channel_id"]}


async def test_a_channel_that_is_no_sub_channel_any_more_is_read_to_the_end(
    alice: User, account: DiscordAccount, server: Server
) -> None:
    task = await in_thread(make_running, alice, account, **ELSEWHERE)
    server.says(200, [wire.final("88", nonce=task.nonce) | ELSEWHERE])
    connection = await open_connection(account, server)

    assert await history.repair(connection)
    await connection.close()

    assert (await in_thread(again, task)).status == TaskStatus.SUCCESS


@pytest.mark.parametrize("status", [403, 404])
async def test_a_channel_that_is_closed_does_not_keep_tasks_alive(
    alice: User, account: DiscordAccount, server: Server, status: int
) -> None:
    late = timezone.now() - timedelta(minutes=1)
    task = await in_thread(make_running, alice, account, deadline_at=late, **ELSEWHERE)
    server.says(status, {"message": "no", "code": 0})
    connection = await open_connection(account, server)

    assert await history.look_after(connection, [task.pk])
    await connection.close()

    assert (await in_thread(again, task)).status == TaskStatus.FAILURE


def test_an_identity_knows_all_its_channels(two_channels: DiscordAccount) -> None:
    identity = identity_of(two_channels)

    assert identity.channels == {CHANNEL, ELSEWHERE["channel_id"]}
    alone = replace(identity, further_channels=frozenset())
    assert alone.channels == {CHANNEL}
