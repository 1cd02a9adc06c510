"""Order of webhook calls if receivers are slow, dead or many."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator

import orjson
import pytest
from aiohttp import web
from pytest_django.fixtures import Settings

from accounts.models import User
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process import event_loop
from tasks.enums import DeliveryState, TaskStatus
from tasks.models import Task, WebhookDelivery
from tasks.services import advance, fail
from tasks.webhooks import calls as webhooks_calls
from tasks.webhooks import picking, shares
from tasks.webhooks.posting import Call
from tasks.webhooks.shares import Receiver
from tests import nudged
from tests.factories import make_finished, make_task, make_user
from tests.http_server import Server, always, listen_on_loopback, serving
from tests.tasks.webhook_calls import (
    break_off,
    calls_under_way,
    deliver,
    forget_receivers,
    have_news,
    receiver,
    wait,
)

pytestmark = pytest.mark.django_db(transaction=True)
S = DeliveryState
PATIENCE = 20.0  # seconds after which a call counts as lost


@pytest.fixture(autouse=True)
def _private_hooks(settings: Settings) -> None:
    settings.ALLOW_PRIVATE_HOOKS = True


@pytest.fixture(autouse=True)
def _nothing_is_known_of_receivers() -> None:
    forget_receivers()


@pytest.fixture
def hook() -> Iterator[Server]:
    with serving() as server:
        yield server


def make_hooked(url: str) -> Task:
    return make_task(make_user(), notify_hook=url)


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        await reader.read()
    writer.close()


def test_a_receiver_gets_four_calls_at_once_at_first(hook: Server) -> None:
    tasks = [make_hooked(hook.origin) for _ in range(6)]
    Task.objects.update(owner=tasks[0].owner)
    for task in tasks:
        fail(task.pk, "no luck")

    most = event_loop.run(_most_at_once(hook, receiver(tasks[0])))

    assert most == shares.FIRST == 4
    assert len(hook.calls) == 6
    assert WebhookDelivery.objects.filter(state=S.DELIVERED).count() == 6


async def _most_at_once(hook: Server, called: Receiver) -> int:
    full, go_on = asyncio.Event(), asyncio.Event()
    now = most = 0

    async def hold(request: web.Request) -> web.Response:
        nonlocal now, most
        now += 1
        if not go_on.is_set():
            most = max(most, now)
        if now == shares.FIRST:
            full.set()
        await go_on.wait()
        now -= 1
        return web.Response()

    hook.handler = hold
    await webhooks_calls.start(called)
    await full.wait()
    await webhooks_calls.start(called)
    go_on.set()
    await webhooks_calls.finished()
    return most


def holding(hook: Server, calls: int = 1) -> tuple[asyncio.Event, asyncio.Event]:
    """Let calls wait; return what is set once so many have come, and what ends it."""
    came, go_on = asyncio.Event(), asyncio.Event()

    async def hold(request: web.Request) -> web.Response:
        if len(hook.calls) >= calls:
            came.set()
        await go_on.wait()
        return web.Response()

    hook.handler = hold
    return came, go_on


def test_a_receiver_with_room_is_not_searched(
    hook: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of a task's calls is claimed by the task, news of the meantime too."""
    task = make_hooked(hook.origin)
    advance(task.pk, TaskStatus.SUBMITTED)
    searches: list[Receiver] = []

    def search(called: Receiver, most: int) -> list[Call]:
        searches.append(called)
        return []

    monkeypatch.setattr(picking, "claim_due", search)

    async def nudged_twice() -> None:
        came, go_on = holding(hook)
        webhooks_calls.wake([task.pk])
        await came.wait()
        await in_thread(fail, task.pk, "no luck")
        webhooks_calls.wake([task.pk])
        go_on.set()
        await webhooks_calls.finished()

    event_loop.run(nudged_twice(), timeout=60)

    told = [orjson.loads(call.body)["status"] for call in hook.calls]
    assert (told, searches) == (["SUBMITTED", "FAILURE"], [])


class Search:
    """A search for the due calls of a receiver that takes until it is released."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.began, self.may_end = asyncio.Event(), threading.Event()
        self._loop = asyncio.get_running_loop()
        monkeypatch.setattr(picking, "claim_due", self)

    def __call__(self, called: Receiver, most: int) -> list[Call]:
        self.count += 1
        self._loop.call_soon_threadsafe(self.began.set)
        assert self.may_end.wait(PATIENCE)
        return []


def test_news_during_a_search_lead_to_no_other(
    hook: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = [make_hooked(hook.origin) for _ in range(3)]
    Task.objects.update(owner=tasks[0].owner)
    for task in tasks:
        advance(task.pk, TaskStatus.SUBMITTED)

    async def woken_during_it() -> Search:
        search = Search(monkeypatch)
        searching = asyncio.create_task(webhooks_calls.start(receiver(tasks[0])))
        await search.began.wait()
        for task in tasks:
            await webhooks_calls.look_at([task.pk])
        search.may_end.set()
        await searching
        await webhooks_calls.finished()
        return search

    search = event_loop.run(woken_during_it(), timeout=60)

    told = {orjson.loads(call.body)["id"] for call in hook.calls}
    assert told == {str(task.pk) for task in tasks}
    assert search.count == 1


def test_a_call_that_ends_during_a_search_leads_to_no_other(
    hook: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = make_hooked(hook.origin)
    advance(task.pk, TaskStatus.SUBMITTED)

    async def ends_during_it() -> Search:
        came, go_on = holding(hook)
        webhooks_calls.wake([task.pk])
        await came.wait()
        search = Search(monkeypatch)
        searching = asyncio.create_task(webhooks_calls.start(receiver(task)))
        await search.began.wait()
        go_on.set()
        await webhooks_calls.finished()
        search.may_end.set()
        await searching
        await webhooks_calls.finished()
        return search

    assert event_loop.run(ends_during_it(), timeout=60).count == 1


def test_nudges_without_room_are_made_up_for(hook: Server) -> None:
    owner = make_user()
    tasks = [make_task(owner, notify_hook=hook.origin) for _ in range(12)]
    for task in tasks:
        advance(task.pk, TaskStatus.SUBMITTED)

    async def nudge_all() -> None:
        full, go_on = holding(hook, shares.FIRST)
        webhooks_calls.wake([task.pk for task in tasks])
        await full.wait()
        go_on.set()
        await webhooks_calls.finished()

    event_loop.run(nudge_all(), timeout=60)

    told = {orjson.loads(call.body)["id"] for call in hook.calls}
    assert told == {str(task.pk) for task in tasks}
    assert len(hook.calls) == len(tasks)


def test_ends_go_before_progress(hook: Server) -> None:
    """Of many tasks whose receiver is busy, those that are over are told first."""
    owner = make_user()
    tasks = [make_task(owner, notify_hook=hook.origin) for _ in range(8)]
    for task in tasks:
        advance(task.pk, TaskStatus.SUBMITTED)
    over = tasks[-1]

    async def first_four_then_the_end() -> None:
        full, go_on = holding(hook, shares.FIRST)
        await webhooks_calls.start(receiver(over))
        await full.wait()
        await in_thread(fail, over.pk, "no luck")
        go_on.set()
        await webhooks_calls.finished()

    event_loop.run(first_four_then_the_end())

    told = [orjson.loads(call.body) for call in hook.calls]
    mine = [at for at, each in enumerate(told) if each["id"] == str(over.pk)]
    assert [told[at]["status"] for at in mine] == ["FAILURE"]
    assert mine[0] == shares.FIRST  # the first after those that were under way
    assert len(told) == 8


def test_a_user_with_many_hanging_hosts_holds_up_no_other() -> None:
    """The promise: another's hook is called within two seconds."""
    mallory, alice = make_user("mallory"), make_user("alice")
    with contextlib.ExitStack() as stack:
        hosts = [stack.enter_context(listen_on_loopback(hang)) for _ in range(120)]
        hanging = [
            make_task(mallory, notify_hook=host) for host in hosts for _ in range(3)
        ]
        for task in hanging:
            fail(task.pk, "no luck")
        quick = stack.enter_context(serving())
        task = make_task(alice, notify_hook=quick.origin)
        event_loop.run(webhooks_calls.start_all(picking.due_receivers()), timeout=60)
        fail(task.pk, "no luck")
        began = time.monotonic()

        nudged.do("tasks.deliver_task", task.pk)
        while not quick.calls and time.monotonic() - began < PATIENCE:
            wait(0.01)
        took = time.monotonic() - began
        open_calls = calls_under_way()
        break_off()

    assert took < 2
    assert shares.FIRST < open_calls <= shares.AT_ONCE


def test_a_dead_host_with_thousands_of_calls_holds_up_no_other(hook: Server) -> None:
    mallory = make_user("mallory")
    with serving() as closed:
        dead = closed.origin
    lost = make_hooked_many(mallory, dead, 2160)
    task = make_hooked(hook.origin)
    fail(task.pk, "no luck")

    assert set(picking.due_receivers()) == {lost, receiver(task)}
    deliver(task)

    assert len(hook.calls) == 1
    event_loop.run(webhooks_calls.start(lost))
    event_loop.run(webhooks_calls.finished())
    tried = WebhookDelivery.objects.filter(owner=mallory, state=S.FAILED)
    assert 0 < tried.count() <= shares.FIRST + shares.KEEPS_FAILING
    assert picking.due_receivers() == []


def make_hooked_many(owner: User, url: str, count: int) -> Receiver:
    """Write finished tasks whose end is to be told."""
    first = make_finished(owner, notify_hook=url)
    Task.objects.bulk_create(
        Task(
            owner=owner,
            action=first.action,
            status=first.status,
            notify_hook=url,
            hook_host=first.hook_host,
        )
        for _ in range(count - 1)
    )
    have_news(*Task.objects.filter(owner=owner))
    return receiver(first)


def test_what_a_receiver_refuses_holds_up_nothing_else_there(hook: Server) -> None:
    hook.handler = always(404)
    owner = make_user()
    tasks = [make_task(owner, notify_hook=hook.origin) for _ in range(12)]
    for task in tasks:
        fail(task.pk, "no luck")

    deliver(tasks[0])

    assert len(hook.calls) == 12


@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_that_keeps_failing_rests(hook: Server, status: int) -> None:
    hook.handler = always(status)
    owner = make_user()
    for _ in range(shares.KEEPS_FAILING + 5):
        fail(make_task(owner, notify_hook=hook.origin).pk, "no luck")

    deliver(Task.objects.all()[0])

    # Those under way together fail together; nobody else is tried meanwhile.
    assert len(hook.calls) <= shares.KEEPS_FAILING + shares.FIRST
    assert picking.due_receivers() == []
    assert not WebhookDelivery.objects.exclude(state=S.FAILED).exists()
    assert not Task.objects.filter(hook_due_at=None).exists()
