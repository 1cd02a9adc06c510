"""Events of several accounts in one transaction."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import DiscordAccount, User
from gateway.events.handlers import Recipient
from gateway.events.handlers import handle as real_handle
from gateway.events.open_tasks import OpenTasks
from gateway.models import GatewaySession
from gateway.protocol import messages
from gateway.protocol.constants import Event
from gateway.sockets import batches
from gateway.sockets.batches import Arrivals, Result, handle_all
from gateway.sockets.parked_events import Parked
from tasks.enums import TaskStatus
from tasks.models import Task
from tasks.signals import task_changed
from tests.factories import make_account
from tests.gateway import wire
from tests.gateway.rows import again, make_running, make_session
from tests.gateway.wire import CHANNEL, JOB, OTHER_JOB, US

pytestmark = pytest.mark.django_db(transaction=True)

CREATE, UPDATE = Event.MESSAGE_CREATE, Event.MESSAGE_UPDATE
PROGRESS, RESULT = "1311111111111116001", "1311111111111116002"
OTHERS = "1311111111111116009"
Events = list[tuple[str, dict[str, Any]]]


CLICK = "1311111111111116000"
ANSWER = wire.answers(CLICK)


class Reading:
    """A connection of an account, which hands over one event at a time."""

    def __init__(self, account: DiscordAccount, task: Task) -> None:
        self.account, self.task, self.memory = account, task, OpenTasks()

    def handle(self, event: str, data: dict[str, Any]) -> Result:
        us = Recipient(self.account.pk, US, frozenset({CHANNEL}), self.memory)
        found = Arrivals(us, 1, [(event, data)], Result(Parked()))
        handle_all([found])
        return found.result

    @property
    def task_in_memory(self) -> Task:
        shown = messages.read(wire.progress(PROGRESS, 50, job=JOB))
        match = self.memory.find(shown)
        assert match
        return match.task


@dataclass
class Handling:
    """Stands in for `handle`; fails at the messages named in `broken`."""

    broken: dict[str, Exception] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)

    def __call__(self, recipient: Recipient, event: str, data: dict[str, Any]) -> Any:
        self.seen.append(data["id"])
        outcome = real_handle(recipient, event, data)
        if error := self.broken.get(data["id"]):
            raise error
        return outcome


@pytest.fixture
def handling(monkeypatch: pytest.MonkeyPatch) -> Handling:
    found = Handling()
    monkeypatch.setattr(batches, "handle", found)
    return found


@pytest.fixture
def account(account: DiscordAccount) -> DiscordAccount:
    make_session(account)
    return account


def arrivals(account: DiscordAccount, events: Events, fence: int = 1) -> Arrivals:
    recipient = Recipient(account.pk, US, frozenset({CHANNEL}))
    return Arrivals(recipient, fence, events, Result(Parked()))


def begun(*tasks: Task) -> Events:
    """The first message of each task's drawing."""
    return [
        (CREATE, wire.start(f"{PROGRESS}{number}", nonce=task.nonce))
        for number, task in enumerate(tasks)
    ]


def ids(*tasks: Task) -> list[str | None]:
    return [again(task).progress_message_id for task in tasks]


def test_events_of_two_accounts_are_one_transaction(
    alice: User,
    account: DiscordAccount,
    django_assert_num_queries: Any,
) -> None:
    other = make_account(channel_id="5", guild_id=wire.GUILD)
    make_session(other)
    tasks = make_running(alice, account), make_running(alice, other)
    one, two = begun(*tasks)
    both = arrivals(account, [one]), arrivals(other, [two])

    # BEGIN, the fences, for each event a look-up and an UPDATE, COMMIT
    with django_assert_num_queries(1 + 1 + 2 * 2 + 1):
        handle_all(both)

    assert ids(*tasks) == [f"{PROGRESS}0", f"{PROGRESS}1"]


def test_an_error_concerns_one_event_only(
    alice: User, account: DiscordAccount, handling: Handling
) -> None:
    tasks = [make_running(alice, account) for _ in range(3)]
    handling.broken[f"{PROGRESS}1"] = ValueError("odd")
    found = arrivals(account, begun(*tasks))

    handle_all([found])

    assert ids(*tasks) == [f"{PROGRESS}0", None, f"{PROGRESS}2"]
    assert [(event, type(error)) for event, error in found.result.lost] == [
        (CREATE, ValueError)
    ]


def test_an_identity_that_is_taken_concerns_one_event_only(
    alice: User, account: DiscordAccount
) -> None:
    other = make_account(channel_id="5", guild_id=wire.GUILD)
    make_running(alice, other, job_id=JOB)
    tasks = [make_running(alice, account, prompt=f"p{n}") for n in range(2)]
    news: Events = [
        (CREATE, wire.progress(f"{PROGRESS}{n}", 5, nonce=task.nonce, job=job))
        for n, (task, job) in enumerate(zip(tasks, (JOB, OTHER_JOB), strict=True))
    ]

    handle_all([found := arrivals(account, news)])

    assert [again(task).job_id for task in tasks] == [None, OTHER_JOB]
    assert found.result.lost == []


def test_without_a_database_all_are_lost_at_once(
    alice: User,
    account: DiscordAccount,
    handling: Handling,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def hold(_: Any) -> set[int]:
        raise OperationalError("away")

    monkeypatch.setattr("gateway.leases.hold", hold)
    tasks = [make_running(alice, account) for _ in range(3)]
    found = arrivals(account, begun(*tasks))

    handle_all([found])

    assert handling.seen == []
    assert len(found.result.lost) == 3


def test_what_is_undone_is_not_parked_twice(
    alice: User, account: DiscordAccount, handling: Handling
) -> None:
    make_running(alice, account)
    make_running(alice, account)
    handling.broken[OTHERS] = ValueError("odd")
    unknown = (CREATE, wire.final(RESULT))
    broken = (CREATE, wire.start(OTHERS, user=wire.STRANGER))
    found = arrivals(account, [unknown, broken])

    handle_all([found])

    assert len(found.result.parked) == 1


def test_a_batch_ends_when_it_has_taken_long(
    alice: User, account: DiscordAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "LONGEST", 0.0)
    tasks = [make_running(alice, account) for _ in range(3)]

    handle_all([arrivals(account, begun(*tasks))])

    assert ids(*tasks) == [f"{PROGRESS}{n}" for n in range(3)]


# --- the lease -----------------------------------------------------------------------


@pytest.mark.parametrize("change", [{"fence": 2}, {"holder": ""}])
def test_who_has_lost_the_lease_writes_nothing(
    alice: User, account: DiscordAccount, change: dict[str, Any]
) -> None:
    held = make_account(channel_id="5", guild_id=wire.GUILD)
    make_session(held)
    tasks = make_running(alice, account), make_running(alice, held)
    GatewaySession.objects.filter(account=account).update(**change)
    one, two = begun(*tasks)
    mine, other = arrivals(account, [one]), arrivals(held, [two])

    handle_all([mine, other])

    assert ids(*tasks) == [None, f"{PROGRESS}1"]
    assert not mine.result.is_held
    assert other.result.is_held


def test_a_lease_that_moves_while_a_batch_is_undone(
    alice: User, account: DiscordAccount, handling: Handling
) -> None:
    """The events that are handled again, each in its own, name the fence as well."""
    tasks = [make_running(alice, account) for _ in range(2)]

    class Moved(ValueError):
        pass

    def failing(recipient: Recipient, event: str, data: dict[str, Any]) -> Any:
        if data["id"].endswith("1"):
            raise Moved
        return real_handle(recipient, event, data)

    original = batches._alone

    def alone(step: Any) -> None:
        GatewaySession.objects.filter(account=account).update(fence=2)
        original(step)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "handle", failing)
        patch.setattr(batches, "_alone", alone)
        handle_all([found := arrivals(account, begun(*tasks))])

    assert ids(*tasks) == [None, None]
    assert not found.result.is_held


# --- one event of a remembered task --------------------------------------------------


@pytest.fixture
def reading(alice: User, account: DiscordAccount) -> Reading:
    """A connection that remembers a running task."""
    found = Reading(account, make_running(alice, account))
    found.handle(CREATE, wire.start(PROGRESS, nonce=found.task.nonce, **ANSWER))
    found.handle(UPDATE, wire.progress(PROGRESS, 5, job=JOB, **ANSWER))
    return found


def its_life(task: Task) -> list[tuple[str, dict[str, Any], int]]:
    """Return further events, each with the number of its UPDATEs."""
    seen = {"id": CLICK, "nonce": task.nonce}
    return [
        (Event.INTERACTION_SUCCESS, seen, 0),
        (UPDATE, wire.progress(PROGRESS, 31, job=JOB, **ANSWER), 1),
        (CREATE, wire.final(RESULT, job=JOB, **ANSWER), 1),
        (Event.MESSAGE_DELETE, {"id": PROGRESS, "channel_id": CHANNEL}, 0),
    ]


def test_an_event_of_a_remembered_task_is_one_statement(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What receivers read after the end is no part of it.
    monkeypatch.setattr(task_changed, "receivers", [])
    task_changed.sender_receivers_cache.clear()
    for event, data, count in its_life(reading.task):
        with CaptureQueriesContext(connection) as queries:
            reading.handle(event, data)

        assert len(queries) == count, queries.captured_queries
        assert all(each["sql"].startswith("UPDATE") for each in queries)

    assert again(reading.task).status == TaskStatus.SUCCESS


@pytest.mark.parametrize("change", [{"fence": 2}, {"holder": ""}])
@pytest.mark.parametrize("number", [1, 2])
def test_the_fence_is_part_of_that_statement(
    reading: Reading, change: dict[str, Any], number: int
) -> None:
    GatewaySession.objects.update(**change)
    before = again(reading.task)
    event, data, _ = its_life(reading.task)[number]

    result = reading.handle(event, data)

    after = again(reading.task)
    assert (after.status, after.revision) == (before.status, before.revision)
    assert not result.is_held


def closing(reading: Reading, event: str, data: dict[str, Any]) -> Result:
    """Handle an event, and close the connection of this thread."""
    try:
        return reading.handle(event, data)
    finally:
        connection.close()


@pytest.mark.skipif(connection.vendor == "sqlite", reason="it has one writer")
def test_a_lease_that_is_being_taken_is_waited_for(reading: Reading) -> None:
    """The statement must not write by what it saw before the lease moved."""
    event, data, _ = its_life(reading.task)[1]
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            GatewaySession.objects.update(fence=2)
            handled = pool.submit(closing, reading, event, data)
            assert wait({handled}, 0.3).not_done
        assert not handled.result(20).is_held

    assert again(reading.task).progress == 5


def test_a_message_id_that_another_task_has(
    reading: Reading, alice: User, account: DiscordAccount
) -> None:
    """The statement fails; then the event is handled with look-ups."""
    make_running(alice, account, job_id=OTHER_JOB, status=TaskStatus.SUCCESS)
    Task.objects.filter(pk=reading.task.pk).update(job_id=None)
    reading.memory.remember(reading.task_in_memory, job_id=None)

    result = reading.handle(
        UPDATE, wire.progress(PROGRESS, 31, job=OTHER_JOB, **ANSWER)
    )

    assert result.lost == []
    assert again(reading.task).job_id is None


def test_what_was_undone_is_not_remembered(
    reading: Reading, handling: Handling
) -> None:
    """The end of a drawing, in a transaction that fails at its next event."""
    handling.broken[OTHERS] = ValueError("odd")
    events = [(CREATE, wire.final(RESULT, job=JOB, **ANSWER)), (UPDATE, {"id": OTHERS})]
    us = Recipient(reading.account.pk, US, frozenset({CHANNEL}), reading.memory)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "_alone", lambda step: None)
        handle_all([Arrivals(us, 1, events, Result(Parked()))])

    assert again(reading.task).status == TaskStatus.IN_PROGRESS
    assert not reading.memory.is_over(PROGRESS)
    assert len(reading.memory) == 0


# --- what has changed elsewhere ------------------------------------------------------


@pytest.mark.parametrize("status", [TaskStatus.FAILURE, TaskStatus.NOT_START])
def test_a_task_that_was_moved_elsewhere_since_its_last_event(
    alice: User, account: DiscordAccount, status: TaskStatus
) -> None:
    task = make_running(alice, account)
    handle_all([arrivals(account, begun(task))])
    nonce = None if status == TaskStatus.NOT_START else task.nonce
    Task.objects.filter(pk=task.pk).update(
        status=status, nonce=nonce, progress_message_id=None
    )

    update = (UPDATE, wire.progress(f"{PROGRESS}0", 31, job=JOB))
    handle_all([arrivals(account, [update])])

    moved = again(task)
    assert (moved.status, moved.progress, moved.job_id) == (status, 0, None)
