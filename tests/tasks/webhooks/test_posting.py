from __future__ import annotations

import asyncio
import contextlib

import orjson
import pytest
from aiohttp import web
from pytest_django.fixtures import Settings
from standardwebhooks import Webhook

from accounts.models import User
from tasks.enums import DeliveryState, TaskStatus
from tasks.services import advance, fail
from tasks.webhooks import posting
from tests.http_server import Server, always, listen_on_loopback, never, serving
from tests.targets import TARGETS
from tests.tasks.webhook_calls import (
    deliver,
    make_hooked,
    only_row,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_receivers", "private_hooks"),
]
S = DeliveryState


def test_it_posts_the_task_signed(hook: Server) -> None:
    task = make_hooked(f"{hook.origin}/cb?id=7")
    fail(task.pk, "no luck")

    deliver(task)

    (call,) = hook.calls
    row = only_row()
    assert (call.method, call.path) == ("POST", "/cb?id=7")
    assert call.body == row.body.encode()
    assert orjson.loads(call.body)["status"] == "FAILURE"
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


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_success(hook: Server, status: int) -> None:
    hook.handler = always(status, body=b"" if status == 204 else b"<html>ok")
    task = make_hooked(hook.origin)
    fail(task.pk, "no luck")

    deliver(task)

    assert only_row().state == S.DELIVERED


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
    assert only_row().state == S.FAILED


def test_a_refused_connection_is_tried_again() -> None:
    with serving() as server:
        closed = server.origin
    task = make_hooked(f"{closed}/cb?token=hidden")
    fail(task.pk, "no luck")

    deliver(task)

    assert only_row().state == S.FAILED
    assert only_row().response_status is None
    assert "cannot connect" in only_row().error
    assert "hidden" not in only_row().error


def test_a_receiver_that_says_nothing_is_left(
    hook: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "TIMEOUT", 0.3)
    hook.handler = never
    task = make_hooked(hook.origin)
    fail(task.pk, "no luck")

    deliver(task)

    assert (only_row().state, only_row().error) == (S.FAILED, "timed out")


def test_a_receiver_that_answers_byte_by_byte_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(posting, "TIMEOUT", 0.3)

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

    assert (only_row().state, only_row().error) == (S.FAILED, "timed out")


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

    assert only_row().state == S.FAILED
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
