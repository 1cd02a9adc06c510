from __future__ import annotations

import asyncio
import contextlib

import orjson
import pytest
from aiohttp import web
from django.utils import timezone
from pytest_django.fixtures import Settings
from standardwebhooks import Webhook

from accounts.models import User
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process import event_loop
from tasks.enums import DeliveryState, TaskStatus
from tasks.models import WebhookDelivery
from tasks.services import advance, fail
from tasks.webhooks import calls
from tests.http_server import Server, always, listen_on_loopback, never, serving
from tests.targets import TARGETS
from tests.tasks.webhook_calls import deliver, make_hooked, receiver

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("private", "no_receivers"),
]
S = DeliveryState


def only_row() -> WebhookDelivery:
    return WebhookDelivery.objects.get()


def make_due() -> None:
    WebhookDelivery.objects.update(next_attempt_at=timezone.now())


def test_it_posts_the_task_signed(hook: Server) -> None:
    task = make_hooked(f"{hook.origin}/cb?id=7")
    advance(task.pk, TaskStatus.SUBMITTED)

    deliver(task)

    (call,) = hook.calls
    row = only_row()
    assert (call.method, call.path) == ("POST", "/cb?id=7")
    assert call.body == row.body.encode()
    assert orjson.loads(call.body)["status"] == "SUBMITTED"
    assert call.headers["content-type"] == "application/json; charset=utf-8"
    assert call.headers["user-agent"].startswith("mjproxy/")
    assert call.headers["webhook-id"] == f"msg_{task.pk}_1"
    secret = User.objects.get(pk=task.owner_id).webhook_secret
    Webhook(secret).verify(call.body, call.headers)
    assert (row.state, row.response_status, row.attempts) == (S.DELIVERED, 200, 1)
    assert row.delivered_at
    assert not row.error


@pytest.mark.parametrize("target", TARGETS)
def test_a_hook_is_called_byte_for_byte(hook: Server, target: str) -> None:
    task = make_hooked(hook.origin + target)
    advance(task.pk, TaskStatus.SUBMITTED)

    deliver(task)

    assert [call.target for call in hook.calls] == [target]


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
        deliverers = calls.Deliverer(), calls.Deliverer()
        await asyncio.gather(*(each.start(receiver(task)) for each in deliverers))
        for each in deliverers:
            await each.finished()
            await each.aclose()

    event_loop.run(both())

    assert len(hook.calls) == 1
    assert only_row().state == S.DELIVERED


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_success(hook: Server, status: int) -> None:
    hook.handler = always(status, body=b"" if status == 204 else b"<html>ok")
    task = make_hooked(hook.origin)
    fail(task.pk, "no luck")

    deliver(task)

    assert only_row().state == S.DELIVERED


@pytest.mark.parametrize("status", [302, 400, 404, 429, 500, 503])
def test_anything_else_is_tried_again_under_the_same_id(
    hook: Server, status: int
) -> None:
    hook.handler = always(status)
    task = make_hooked(hook.origin)
    fail(task.pk, "no luck")
    deliver(task)
    assert (only_row().state, only_row().response_status) == (S.WAITING, status)
    assert only_row().error == f"HTTP {status}"

    hook.handler = None
    make_due()
    deliver(task)

    assert only_row().state == S.DELIVERED
    assert only_row().attempts == 2
    assert not only_row().error
    first, second = hook.calls
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_gone_is_final(hook: Server) -> None:
    hook.handler = always(410)
    task = make_hooked(hook.origin)
    fail(task.pk, "no luck")

    deliver(task)

    assert only_row().state == S.GIVEN_UP


def test_redirects_are_not_followed(hook: Server) -> None:
    with serving() as elsewhere:
        hook.handler = always(307, headers={"Location": elsewhere.origin})
        task = make_hooked(hook.origin)
        fail(task.pk, "no luck")

        deliver(task)

        assert elsewhere.calls == []
    assert only_row().state == S.WAITING


def test_a_refused_connection_is_tried_again() -> None:
    with serving() as server:
        closed = server.origin
    task = make_hooked(f"{closed}/cb?token=hidden")
    fail(task.pk, "no luck")

    deliver(task)

    assert only_row().state == S.WAITING
    assert only_row().response_status is None
    assert "cannot connect" in only_row().error
    assert "hidden" not in only_row().error


def test_a_receiver_that_says_nothing_is_left(
    hook: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "TIMEOUT", 0.3)
    hook.handler = never
    task = make_hooked(hook.origin)
    fail(task.pk, "no luck")

    deliver(task)

    assert (only_row().state, only_row().error) == (S.WAITING, "timed out")


def test_a_receiver_that_answers_byte_by_byte_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calls, "TIMEOUT", 0.3)

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not writer.is_closing():
                writer.write(b"a")
                await writer.drain()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.Event().wait(), 0.01)
        except ConnectionError:
            pass
        finally:
            writer.close()

    with listen_on_loopback(drip) as origin:
        task = make_hooked(origin)
        fail(task.pk, "no luck")
        deliver(task)

    assert (only_row().state, only_row().error) == (S.WAITING, "timed out")


def test_an_endless_body_does_not_undo_a_success(hook: Server) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)

    hook.handler = endless
    task = make_hooked(hook.origin)
    fail(task.pk, "no luck")

    deliver(task)

    assert only_row().state == S.DELIVERED


def test_what_is_no_http_is_tried_again() -> None:
    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        writer.close()

    with listen_on_loopback(shout) as origin:
        task = make_hooked(origin)
        fail(task.pk, "no luck")
        deliver(task)

    assert only_row().state == S.WAITING
    assert only_row().error


def test_private_addresses_are_refused_by_default(
    hook: Server, settings: Settings
) -> None:
    settings.ALLOW_PRIVATE_HOOKS = False
    task = make_hooked(hook.origin)
    fail(task.pk, "no luck")

    deliver(task)

    assert hook.calls == []
    assert only_row().state == S.GIVEN_UP
    assert only_row().error == "the address is not a public one"


def test_an_impossible_address_is_given_up() -> None:
    task = make_hooked("gopher://x")
    fail(task.pk, "no luck")

    deliver(task)

    assert only_row().state == S.GIVEN_UP
