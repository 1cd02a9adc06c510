from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import orjson
import pytest
from aiohttp import web
from django.db import OperationalError
from django.utils import timezone

from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process import event_loop
from tasks.enums import DeliveryState, TaskStatus
from tasks.models import Task, WebhookDelivery
from tasks.services import advance, fail
from tasks.webhooks import calls, statements, states
from tests.factories import make_task, make_user
from tests.http_server import Server, always
from tests.tasks.webhook_calls import (
    break_off,
    deliver,
    deliver_woken,
    make_due,
    make_hooked,
    only_row,
    receiver,
    wait,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_receivers", "private_hooks"),
]
S = DeliveryState


def test_the_end_is_the_last_call_whatever_came_before(hook: Server) -> None:
    task = make_hooked(hook.origin)
    for status, percent in (
        (TaskStatus.SUBMITTED, 0),
        (TaskStatus.IN_PROGRESS, 10),
        (TaskStatus.IN_PROGRESS, 60),
    ):
        advance(task.pk, status, progress=percent)
        deliver(task)
    fail(task.pk, "no luck")
    deliver(task)

    said = [orjson.loads(call.body) for call in hook.calls]
    assert [(each["status"], each["progress"]) for each in said] == [
        ("SUBMITTED", "0%"),
        ("IN_PROGRESS", "10%"),
        ("IN_PROGRESS", "60%"),
        ("FAILURE", ""),
    ]


def test_news_that_come_during_a_call_follow_it(hook: Server) -> None:
    task = make_hooked(hook.origin)

    async def more_news(request: web.Request) -> web.Response:
        if len(hook.calls) == 1:
            await in_thread(fail, task.pk, "no luck")
            await calls.start(receiver(task))
        return web.Response()

    hook.handler = more_news
    advance(task.pk, TaskStatus.SUBMITTED)

    deliver(task)

    statuses = [orjson.loads(call.body)["status"] for call in hook.calls]
    assert statuses == ["SUBMITTED", "FAILURE"]


def test_two_deliverers_make_one_call(hook: Server) -> None:
    task = make_hooked(hook.origin)
    advance(task.pk, TaskStatus.SUBMITTED)

    async def both() -> None:
        deliverers = calls.Courier(), calls.Courier()
        await asyncio.gather(*(each.start(receiver(task)) for each in deliverers))
        for each in deliverers:
            await each.finished()
            await each.aclose()

    event_loop.run(both())

    assert len(hook.calls) == 1
    assert Task.objects.get().hook_due_at is None


@pytest.mark.parametrize("status", [302, 400, 404, 429, 500, 503])
def test_anything_else_is_tried_again_under_the_same_id(
    hook: Server, status: int
) -> None:
    hook.handler = always(status)
    task = make_hooked(hook.origin)
    fail(task.pk, "no luck")
    deliver(task)
    assert (only_row().state, only_row().response_status) == (S.FAILED, status)
    assert only_row().error == f"HTTP {status}"

    hook.handler = None
    make_due()
    deliver(task)

    last = WebhookDelivery.objects.latest("pk")
    assert (last.state, last.attempts, last.error) == (S.DELIVERED, 2, "")
    first, second = hook.calls
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_a_killed_courier_repeats_its_call_under_the_same_id(hook: Server) -> None:
    """It dies after the post, before the result is stored."""
    task = make_hooked(hook.origin)
    fail(task.pk, "no luck")

    async def die(request: web.Request) -> web.Response:
        asyncio.get_running_loop().call_soon(come.set)
        return web.Response()

    async def post_and_die() -> None:
        calls.here().wake([task.pk])
        await come.wait()

    come = asyncio.Event()
    hook.handler = die
    event_loop.run(post_and_die())
    break_off()
    deliver(task)
    assert len(hook.calls) == 1  # the claim of the dead holds

    Task.objects.update(hook_claimed_until=timezone.now())
    deliver(task)

    first, second = hook.calls
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert only_row().state == S.DELIVERED


@pytest.mark.parametrize(
    ("then", "told"),
    [
        (TaskStatus.IN_PROGRESS, ["SUBMITTED 0%", "IN_PROGRESS 60%"]),
        (TaskStatus.FAILURE, ["SUBMITTED 0%", "FAILURE "]),
    ],
)
def test_changes_during_a_call_are_told_by_their_newest(
    hook: Server, then: TaskStatus, told: list[str]
) -> None:
    task = make_hooked(hook.origin)

    async def change(request: web.Request) -> web.Response:
        if len(hook.calls) == 1:
            for percent in (30, 60):
                status = TaskStatus.IN_PROGRESS
                await in_thread(advance, task.pk, status, progress=percent)
            if then == TaskStatus.FAILURE:
                await in_thread(fail, task.pk, "no luck")
            calls.wake([task.pk])
        return web.Response()

    hook.handler = change
    advance(task.pk, TaskStatus.SUBMITTED)

    deliver_woken(task)

    bodies = [orjson.loads(call.body) for call in hook.calls]
    assert [f"{each['status']} {each['progress']}" for each in bodies] == told
    assert Task.objects.get().hook_due_at is None


def untold() -> set[int]:
    """Return the tasks whose call was taken and is not stored yet."""

    async def found() -> set[int]:
        return set(calls.here()._told)

    return event_loop.run(found())


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < until
        wait(0.005)


def test_news_before_the_result_is_stored_are_told_at_once(
    hook: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "SETTLE_EVERY", 60.0)
    task = make_hooked(hook.origin)
    advance(task.pk, TaskStatus.SUBMITTED)

    calls.wake([task.pk])
    wait_until(lambda: untold() == {task.pk})
    fail(task.pk, "no luck")
    calls.wake([task.pk])
    wait_until(lambda: len(hook.calls) == 2 and untold() == {task.pk})
    break_off()

    statuses = [orjson.loads(call.body)["status"] for call in hook.calls]
    assert statuses == ["SUBMITTED", "FAILURE"]


def test_an_end_that_was_told_is_stored_though_it_is_nudged_again(
    hook: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "SETTLE_EVERY", 60.0)
    task = make_hooked(hook.origin)
    fail(task.pk, "no luck")

    async def nudged_twice() -> None:
        courier = calls.Courier()
        await courier.look_at([task.pk])
        while task.pk not in courier._told:
            first = asyncio.FIRST_COMPLETED
            await asyncio.wait(courier._work, return_when=first)
        await courier.look_at([task.pk])
        await courier.end()
        await courier.aclose()

    event_loop.run(nudged_twice())

    assert len(hook.calls) == 1
    assert only_row().state == S.DELIVERED


def test_a_task_that_cannot_be_read_is_called_the_other_way(
    hook: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = make_hooked(hook.origin)
    fail(task.pk, "no luck")
    monkeypatch.setattr(statements, "claim", lambda *given: 1 / 0)

    deliver_woken(task)

    assert only_row().state == S.DELIVERED


def test_a_courier_that_ends_stores_its_last_results(
    hook: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "SETTLE_EVERY", 60.0)
    told, during, after = (make_hooked(hook.origin) for _ in range(3))
    for task in (told, during, after):
        advance(task.pk, TaskStatus.SUBMITTED)
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        if len(hook.calls) == 2:
            asked.set()
            await answer.wait()
        return web.Response()

    async def end() -> None:
        courier = calls.Courier()
        await courier.look_at([told.pk])
        while told.pk not in courier._told:
            first = asyncio.FIRST_COMPLETED
            await asyncio.wait(courier._work, return_when=first)
        courier.wake([during.pk])
        await asked.wait()
        ending = asyncio.create_task(courier.end())
        await asyncio.sleep(0)
        courier.wake([after.pk])
        await courier.start(receiver(after))
        answer.set()
        await ending
        await courier.aclose()

    hook.handler = slow
    event_loop.run(end())

    due = Task.objects.exclude(hook_due_at=None)
    assert [task.pk for task in due] == [after.pk]
    assert due[0].hook_claimed_until is None
    assert len(hook.calls) == 2


def test_a_result_that_cannot_be_stored_is_stored_later(
    hook: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "AGAIN_AFTER", 0.0)
    task = make_hooked(hook.origin)
    fail(task.pk, "no luck")
    settle = states.settle_delivered

    def away(done: object) -> list[int]:
        monkeypatch.setattr(states, "settle_delivered", settle)
        raise OperationalError("the database is away")

    monkeypatch.setattr(states, "settle_delivered", away)

    deliver_woken(task)

    assert len(hook.calls) == 1
    assert only_row().state == S.DELIVERED


def test_calls_of_a_batch_are_made_together(hook: Server) -> None:
    """More tasks than one statement takes."""
    owner, count = make_user(), statements.MOST + 6
    tasks = [make_task(owner, notify_hook=hook.origin) for _ in range(count)]
    for task in tasks:
        fail(task.pk, "no luck")

    deliver_woken(*tasks)

    assert len(hook.calls) == count
    assert WebhookDelivery.objects.filter(state=S.DELIVERED).count() == count
    assert not Task.objects.exclude(hook_due_at=None, hook_claimed_until=None).exists()
