"""Order of webhook calls if receivers are slow, dead or many."""

from __future__ import annotations

import asyncio
import contextlib
import time

import orjson
import pytest
from aiohttp import web

from accounts.models import User
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process import event_loop
from tasks import jobs
from tasks.enums import DeliveryState, TaskStatus
from tasks.models import Task, WebhookDelivery
from tasks.services import advance, fail
from tasks.webhooks import picking, shares
from tasks.webhooks.calls import finished, here, start, start_all, start_task
from tasks.webhooks.rows import Call, record_delivery
from tasks.webhooks.shares import Receiver
from tests.factories import make_finished, make_task, make_user
from tests.http_server import Server, always, listen_on_loopback, serving
from tests.tasks.webhook_calls import (
    break_off,
    calls_under_way,
    deliver,
    make_hooked,
    receiver,
    wait,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("private", "no_receivers"),
]
S = DeliveryState
PATIENCE = 20.0  # seconds after which a call counts as lost


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
    assert not WebhookDelivery.objects.exclude(state=S.DELIVERED).exists()


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
    await start(called)
    await full.wait()
    await start(called)
    go_on.set()
    await finished()
    return most


def hold_calls(hook: Server, calls: int = 1) -> tuple[asyncio.Event, asyncio.Event]:
    """Let calls wait; return what is set once so many have come, and what ends it."""
    came, go_on = asyncio.Event(), asyncio.Event()

    async def hold(request: web.Request) -> web.Response:
        if len(hook.calls) >= calls:
            came.set()
        await go_on.wait()
        return web.Response()

    hook.handler = hold
    return came, go_on


def test_news_that_come_while_a_call_ends_are_not_left(
    hook: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look for more finds nothing, because the call has not ended yet."""
    task = make_hooked(hook.origin)
    advance(task.pk, TaskStatus.SUBMITTED)
    claim = picking.claim_due

    async def race() -> None:
        came, go_on = hold_calls(hook)
        await start(receiver(task))
        await came.wait()
        await in_thread(fail, task.pk, "no luck")

        loop, deliverer = asyncio.get_running_loop(), here()

        def late(called: Receiver, most: int) -> list[Call]:
            """Look, and let the call end before what was found is known."""
            monkeypatch.setattr(picking, "claim_due", claim)
            found = claim(called, most)
            loop.call_soon_threadsafe(go_on.set)
            ended = asyncio.run_coroutine_threadsafe(deliverer.finished(), loop)
            ended.result(PATIENCE)
            return found

        monkeypatch.setattr(picking, "claim_due", late)
        await start(receiver(task))
        await finished()

    event_loop.run(race(), timeout=60)

    told = [orjson.loads(call.body)["status"] for call in hook.calls]
    assert told == ["SUBMITTED", "FAILURE"]


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
        came, go_on = hold_calls(hook)
        await start_task(receiver(task), task.pk)
        await came.wait()
        await in_thread(fail, task.pk, "no luck")
        await start_task(receiver(task), task.pk)
        go_on.set()
        await finished()

    event_loop.run(nudged_twice(), timeout=60)

    told = [orjson.loads(call.body)["status"] for call in hook.calls]
    assert (told, searches) == (["SUBMITTED", "FAILURE"], [])


def test_nudges_without_room_are_made_up_for(hook: Server) -> None:
    owner = make_user()
    tasks = [make_task(owner, notify_hook=hook.origin) for _ in range(12)]
    for task in tasks:
        advance(task.pk, TaskStatus.SUBMITTED)

    async def nudge_all() -> None:
        full, go_on = hold_calls(hook, shares.FIRST)
        for task in tasks:
            await start_task(receiver(task), task.pk)
        await full.wait()
        go_on.set()
        await finished()

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
        full, go_on = hold_calls(hook, shares.FIRST)
        await start(receiver(over))
        await full.wait()
        await in_thread(fail, over.pk, "no luck")
        go_on.set()
        await finished()

    event_loop.run(first_four_then_the_end())

    told = [orjson.loads(call.body) for call in hook.calls]
    mine = [at for at, each in enumerate(told) if each["id"] == str(over.pk)]
    assert [told[at]["status"] for at in mine] == ["SUBMITTED", "FAILURE"]
    assert mine[0] == shares.FIRST  # the first after those that were under way
    assert len(told) == 9


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
        event_loop.run(start_all(picking.due_receivers()), timeout=60)
        fail(task.pk, "no luck")
        began = time.monotonic()

        jobs.deliver_task(task.pk)
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
    event_loop.run(start(lost))
    event_loop.run(finished())
    tried = WebhookDelivery.objects.filter(owner=mallory, attempts__gt=0)
    assert 0 < tried.count() <= shares.FIRST + shares.KEEPS_FAILING
    assert picking.due_receivers() == []


def make_hooked_many(owner: User, url: str, count: int) -> Receiver:
    """Write finished tasks whose end is to be told."""
    first = make_finished(owner, notify_hook=url)
    record_delivery(first)
    row = WebhookDelivery.objects.get(task=first)
    tasks = Task.objects.bulk_create(
        Task(owner=owner, action=first.action, notify_hook=url)
        for _ in range(count - 1)
    )
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            task=task,
            owner=owner,
            revision=1,
            status=row.status,
            is_final=True,
            url=url,
            host=row.host,
            body=row.body,
        )
        for task in tasks
    )
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
    assert not WebhookDelivery.objects.exclude(state=S.WAITING).exists()
