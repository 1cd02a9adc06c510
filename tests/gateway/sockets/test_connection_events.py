"""A connection hands over an event, parks it, or drops it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from django.db import OperationalError

from accounts.models import DiscordAccount, User
from gateway.discord.addresses import load_addresses
from gateway.discord.identity import identity_of
from gateway.events.handlers import handle
from gateway.models import GatewaySession
from gateway.protocol.constants import MIDJOURNEY_APP, Event
from gateway.sockets import parked_events
from gateway.sockets.connection import Connection
from gateway.sockets.reconnect import Resume
from mjproxy.lib.db.threads import in_thread
from tasks.enums import TaskStatus
from tasks.models import Task
from tests.gateway import wire
from tests.gateway.rows import again, make_running, make_session
from tests.gateway.simulated import Watch, end
from tests.gateway.wire import CHANNEL, JOB, US

pytestmark = pytest.mark.django_db(transaction=True)

CREATE, UPDATE = Event.MESSAGE_CREATE, Event.MESSAGE_UPDATE
PROGRESS, RESULT = "1311111111111116001", "1311111111111116002"


@pytest.fixture
async def connection(account: DiscordAccount) -> Connection:
    """A connection without a socket."""
    await in_thread(make_session, account)
    return Connection(
        identity=await in_thread(identity_of, account),
        addresses=await in_thread(load_addresses),
        fence=1,
        resume=Resume("5e55105e", 7),
        connect_slots=asyncio.Semaphore(1),
        user_id=US,
    )


async def handle_now(connection: Connection, data: dict[str, Any]) -> None:
    assert await connection.events.handle([(1, CREATE, data)])


def waiting(connection: Connection) -> int:
    return len(connection.events.inbox)


@pytest.mark.parametrize(
    "data",
    [
        wire.start("1"),
        {"id": "1", "channel_id": CHANNEL},
        {"id": "1", "channel_id": CHANNEL, "author": None},
        {"channel_id": CHANNEL, "author": {"username": "Midjourney Bot", "bot": True}},
        {"channel_id": CHANNEL, "author": {"id": MIDJOURNEY_APP}},
    ],
)
async def test_what_a_bot_may_have_said_is_read(
    connection: Connection, data: dict[str, Any]
) -> None:
    connection._receive(UPDATE, data)

    assert waiting(connection) == 1


@pytest.mark.parametrize(
    "data",
    [
        {"channel_id": "5", "guild_id": "6", "author": {"id": MIDJOURNEY_APP}},
        {"channel_id": "5", "author": {"id": "7", "username": "somebody"}},
        {"channel_id": CHANNEL, "author": {"id": "5", "username": "somebody"}},
        {"channel_id": CHANNEL, "author": {}},
        {},
        None,
        [],
        "odd",
    ],
)
async def test_what_others_say_is_dropped_unseen(
    connection: Connection, data: Any
) -> None:
    connection._receive(CREATE, data)

    assert waiting(connection) == 0


@pytest.mark.parametrize("data", [None, [], 5, {}])
async def test_an_odd_interaction_does_no_harm(
    connection: Connection, data: Any
) -> None:
    connection._receive(Event.INTERACTION_CREATE, data)

    entries = await connection.events.inbox.next()
    await connection._process(entries)
    assert [found for *_, found in entries] == [{}]


async def test_what_fits_nothing_yet_is_tried_again_when_more_is_known(
    connection: Connection, task: Task, alice: User, account: DiscordAccount
) -> None:
    twin = await in_thread(make_running, alice, account)

    await handle_now(connection, wire.final(RESULT, job=JOB))
    assert len(connection.events.parked) == 1

    known = wire.progress(PROGRESS, 5, nonce=twin.nonce, job=JOB)
    await handle_now(connection, known)

    assert not connection.events.parked
    assert (await in_thread(again, twin)).status == TaskStatus.SUCCESS
    assert (await in_thread(again, task)).status == TaskStatus.SUBMITTED


async def test_what_still_fits_nothing_stays_parked(
    connection: Connection, task: Task
) -> None:
    await handle_now(connection, wire.start("1311111111111116009"))
    await handle_now(connection, wire.start(PROGRESS, nonce=task.nonce))

    assert len(connection.events.parked) == 1


async def test_what_was_parked_too_long_is_forgotten(
    connection: Connection, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parked_events, "PARK_SECONDS", -1.0)
    await handle_now(connection, wire.start("1311111111111116009"))

    await handle_now(connection, wire.start(PROGRESS, nonce=task.nonce))

    assert not connection.events.parked


async def test_an_event_that_could_not_be_written_is_repaired_from_history(
    connection: Connection, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[Any] = []

    def failing_handle(*args: Any) -> Any:
        if len(failed) < 2:  # together with the other event, and alone
            failed.append(args)
            raise OperationalError("away")
        return handle(*args)

    watch = Watch()
    monkeypatch.setattr("gateway.sockets.writer.in_thread", watch.in_thread)
    monkeypatch.setattr("gateway.sockets.batches.handle", failing_handle)
    connection._receive(CREATE, wire.start("1", nonce="5"))
    connection._receive(CREATE, wire.start(PROGRESS, nonce=task.nonce))

    reading = asyncio.create_task(connection._read_events())
    await watch.until_row(task, progress_message_id=PROGRESS)
    await end(reading)

    assert connection.repair_wanted


# --- a flood of updates --------------------------------------------------------------


async def events(connection: Connection) -> list[tuple[str, Mapping[str, object]]]:
    found = []
    while waiting(connection):
        entries = await connection.events.inbox.next()
        found += [(event, data) for _, event, data in entries]
    return found


async def test_updates_of_a_message_in_a_row_are_one(connection: Connection) -> None:
    for percent in (5, 31, 62):
        connection._receive(UPDATE, wire.progress(PROGRESS, percent, job=JOB))

    ((_, data),) = await events(connection)

    assert "(62%)" in str(data["content"])


async def test_updates_of_other_messages_may_stand_between(
    connection: Connection,
) -> None:
    for percent in (5, 31):
        for message_id in (PROGRESS, RESULT):
            connection._receive(UPDATE, wire.progress(message_id, percent))

    found = await events(connection)

    assert [(data["id"], "(31%)" in str(data["content"])) for _, data in found] == [
        (PROGRESS, True),
        (RESULT, True),
    ]


async def test_an_older_update_that_comes_later_takes_nothing_away(
    connection: Connection,
) -> None:
    connection._receive(UPDATE, wire.progress(PROGRESS, 62, job=JOB))
    connection._receive(UPDATE, wire.progress(PROGRESS, 31))

    assert len(await events(connection)) == 2


async def test_a_greeting_is_handed_out_alone(connection: Connection) -> None:
    for event in (CREATE, Event.RESUMED, CREATE, CREATE):
        connection._receive(event, wire.start(PROGRESS))

    rounds = [await connection.events.inbox.next() for _ in range(3)]

    assert [[event for _, event, _ in each] for each in rounds] == [
        [CREATE],
        [Event.RESUMED],
        [CREATE, CREATE],
    ]


async def test_updates_of_a_message_of_others_are_dropped_unseen(
    connection: Connection,
) -> None:
    await handle_now(connection, wire.start(PROGRESS, user=wire.STRANGER))

    connection._receive(UPDATE, wire.progress(PROGRESS, 31, user=wire.STRANGER))

    assert waiting(connection) == 0


async def test_a_stale_holder_keeps_its_events_unacknowledged(
    connection: Connection, task: Task
) -> None:
    sessions = GatewaySession.objects.filter(account=connection.account_id)
    await in_thread(sessions.update, fence=2)
    entry = (9, CREATE, wire.start(PROGRESS, nonce=task.nonce))

    assert not await connection._process([entry])

    assert (await in_thread(again, task)).progress_message_id is None


async def test_a_parked_event_is_kept_when_its_batch_is_undone(
    connection: Connection, task: Task, alice: User, account: DiscordAccount
) -> None:
    await in_thread(make_running, alice, account)
    odd = {"ids": 5, "channel_id": CHANNEL}
    entries = [(1, CREATE, wire.final(RESULT, job=JOB)), (2, Event.MESSAGE_DELETE, odd)]

    assert await connection.events.handle(entries)

    assert len(connection.events.parked) == 1
    assert connection.repair_wanted


async def test_what_a_later_update_does_not_say_stays(connection: Connection) -> None:
    connection._receive(UPDATE, wire.progress(PROGRESS, 31, job=JOB))
    later = {"id": PROGRESS, "channel_id": CHANNEL, "content": "later", "flags": 4}
    connection._receive(UPDATE, later)

    ((_, data),) = await events(connection)

    assert JOB in str(data["components"])
    assert (data["content"], data["flags"]) == ("later", 4)


async def test_a_links_preview_takes_nothing_from_the_notice_before_it(
    connection: Connection,
) -> None:
    connection._receive(UPDATE, wire.progress(PROGRESS, 31, job=JOB))
    preview = {"id": PROGRESS, "channel_id": CHANNEL, "embeds": [{"type": "link"}]}
    connection._receive(UPDATE, preview)

    assert len(await events(connection)) == 2


async def test_nothing_else_is_put_together_and_the_order_stays(
    connection: Connection,
) -> None:
    sent = [
        (UPDATE, wire.progress(PROGRESS, 5)),
        (CREATE, wire.progress(RESULT, 5)),
        (UPDATE, wire.progress(PROGRESS, 31)),
        (CREATE, wire.final(RESULT)),
        (CREATE, wire.final(RESULT)),
        (Event.MESSAGE_DELETE, {"id": PROGRESS, "channel_id": CHANNEL}),
    ]
    for event, data in sent:
        connection._receive(event, data)

    assert await events(connection) == sent
