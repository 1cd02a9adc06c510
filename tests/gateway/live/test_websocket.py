from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels import DEFAULT_CHANNEL_LAYER
from channels.auth import AuthMiddlewareStack
from channels.layers import channel_layers
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client

from accounts.models import ApiKey, User
from accounts.people import passes, wrong_keys
from gateway.live import open_streams, publish, websocket
from gateway.live.routing import websocket_urlpatterns
from mjproxy.lib.process import nudge as process_nudge
from mjproxy.web.forwarded import ForwardedHeadersMiddleware
from tasks.enums import TaskStatus
from tasks.models import Task
from tasks.selectors import by_ids
from tests.conftest import ALICES_KEY
from tests.factories import make_finished, make_task

pytestmark = pytest.mark.django_db(transaction=True)

app = AuthMiddlewareStack(URLRouter(websocket_urlpatterns))


def communicator(
    *, cookie: str = "", origin: str = "http://testserver"
) -> WebsocketCommunicator:
    headers = [(b"host", b"testserver"), (b"origin", origin.encode())]
    if cookie:
        name = settings.SESSION_COOKIE_NAME
        headers.append((b"cookie", f"{name}={cookie}".encode()))
    return WebsocketCommunicator(app, "/ws/tasks", headers=headers)


def session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


async def signed_in(user: User) -> WebsocketCommunicator:
    socket = communicator(cookie=await sync_to_async(session_of)(user))
    assert (await socket.connect())[0]
    assert await received(socket) == {"type": "ready"}
    return socket


async def received(socket: WebsocketCommunicator) -> Any:
    return orjson.loads(await socket.receive_from())


async def nudge(task: Task) -> None:
    layer = channel_layers[DEFAULT_CHANNEL_LAYER]
    message = {"type": "task.changed", "task_ids": [task.pk]}
    await layer.group_send(f"owner.{task.owner_id}", message)


def send_in_place(source: Callable[[], Any]) -> None:
    layer = channel_layers[DEFAULT_CHANNEL_LAYER]
    for group, message in source():
        async_to_sync(layer.group_send)(group, message)


async def test_a_user_has_a_limited_number_of_sockets(
    alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_streams, "MOST_OF_USER", 1)
    first = await signed_in(alice)
    by_key = communicator()
    await by_key.connect()

    await by_key.send_to(text_data=orjson.dumps({"key": ALICES_KEY}).decode())

    assert await by_key.receive_output() == {"type": "websocket.close", "code": 4429}
    of_another = await signed_in(bob)
    await first.disconnect()
    again = await signed_in(alice)
    for socket in (of_another, again):
        await socket.disconnect()


async def test_sockets_without_a_name_are_limited_too(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_streams, "MOST_UNNAMED", 1)
    first, second = communicator(), communicator()
    await first.connect()

    await second.connect()

    assert await second.receive_output() == {"type": "websocket.close", "code": 4429}
    await first.send_to(text_data=orjson.dumps({"key": ALICES_KEY}).decode())
    assert await received(first) == {"type": "ready"}
    third = communicator()
    await third.connect()
    assert await third.receive_nothing()
    for socket in (first, third):
        await socket.disconnect()


async def test_a_nudge_brings_the_row_as_it_is_now(alice: User) -> None:
    task = await sync_to_async(make_task)(alice)
    socket = await signed_in(alice)
    await Task.objects.aupdate(status=TaskStatus.IN_PROGRESS, progress=31)

    await nudge(task)
    message = await received(socket)

    assert message["type"] == "task"
    assert message["task"]["id"] == str(task.pk)
    assert message["task"]["progress"] == "31%"
    await socket.disconnect()


async def test_an_operator_hears_of_their_own_tasks_alone(
    operator: User, alice: User
) -> None:
    others = await sync_to_async(make_task)(alice)
    mine = await sync_to_async(make_task)(operator)
    socket = await signed_in(operator)

    await nudge(others)
    await nudge(mine)

    assert (await received(socket))["task"]["id"] == str(mine.pk)
    assert await socket.receive_nothing()
    await socket.disconnect()


async def test_many_nudges_become_few_messages_and_the_last_state_comes(
    alice: User,
) -> None:
    task = await sync_to_async(make_task)(alice, status=TaskStatus.IN_PROGRESS)
    socket = await signed_in(alice)

    for progress in range(1, 51):
        await Task.objects.aupdate(progress=progress)
        await nudge(task)
    messages = [await received(socket)]
    while messages[-1]["task"]["progress"] != "50%":
        messages.append(await received(socket))

    assert len(messages) <= 10
    await socket.disconnect()


async def test_a_key_as_the_first_message_opens_it_too(alice: User) -> None:
    task = await sync_to_async(make_task)(alice)
    socket = communicator(origin="https://elsewhere.example")
    await socket.connect()

    await socket.send_to(text_data=orjson.dumps({"key": ALICES_KEY}).decode())
    assert await received(socket) == {"type": "ready"}
    await nudge(task)

    assert (await received(socket))["task"]["id"] == str(task.pk)
    await socket.disconnect()


async def test_a_wrong_key_closes_it(alice: User) -> None:
    socket = communicator()
    await socket.connect()

    await socket.send_to(text_data='{"key": "wrong-key"}')

    assert await socket.receive_output() == {"type": "websocket.close", "code": 4401}


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "", "null"])
async def test_a_session_does_not_count_for_a_page_of_another_host(
    alice: User, monkeypatch: pytest.MonkeyPatch, origin: str
) -> None:
    monkeypatch.setattr(websocket, "KEY_WAIT", 0.01)
    cookie = await sync_to_async(session_of)(alice)
    socket = communicator(cookie=cookie, origin=origin)
    await socket.connect()

    answer = await socket.receive_output()

    assert answer == {"type": "websocket.close", "code": 4401}


async def behind_proxy(user: User, origin: str, **said: str) -> WebsocketCommunicator:
    """Open a socket as a proxy passes it on that calls us by another name."""
    cookie = f"{settings.SESSION_COOKIE_NAME}={await sync_to_async(session_of)(user)}"
    lines = {"host": "127.0.0.1:8080", "origin": origin, "cookie": cookie} | said
    headers = [(n.replace("_", "-").encode(), v.encode()) for n, v in lines.items()]
    proxied: Any = ForwardedHeadersMiddleware(app, 1)
    socket = WebsocketCommunicator(proxied, "/ws/tasks", headers=headers)
    await socket.connect()
    return socket


@pytest.mark.parametrize(
    "said",
    [
        {"x_forwarded_host": "Testserver:443", "x_forwarded_proto": "https"},
        {"x_forwarded_host": "evil, testserver", "x_forwarded_proto": "https"},
        {"forwarded": 'for=1.1.1.1;host="testserver:443";proto=https'},
    ],
)
async def test_a_socket_behind_a_proxy_is_our_own_pages(
    alice: User, said: dict[str, str]
) -> None:
    task = await sync_to_async(make_finished)(alice)
    socket = await behind_proxy(alice, "https://testserver", **said)
    assert await received(socket) == {"type": "ready"}

    await socket.send_to(orjson.dumps({"type": "get", "ids": [task.pk]}).decode())

    link = (await received(socket))["task"]["imageUrl"]
    assert link.startswith("https://testserver/images/")
    await socket.disconnect()


async def test_a_proxy_that_changes_the_host_needs_the_public_url(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "KEY_WAIT", 0.01)
    refused = await behind_proxy(alice, "https://draw.example.com")
    assert (await refused.receive_output())["code"] == 4401

    monkeypatch.setattr(settings, "PUBLIC_URL", "https://draw.example.com")
    socket = await behind_proxy(alice, "https://draw.example.com")

    assert await received(socket) == {"type": "ready"}
    await socket.disconnect()


async def test_get_answers_own_tasks_only(alice: User, bob: User) -> None:
    mine = await sync_to_async(make_task)(alice)
    theirs = await sync_to_async(make_task)(bob)
    socket = await signed_in(alice)

    ids: list[Any] = [str(theirs.pk), "no id", None, {}, str(mine.pk)]
    await socket.send_to(text_data=orjson.dumps({"type": "get", "ids": ids}).decode())

    assert (await received(socket))["task"]["id"] == str(mine.pk)
    assert await socket.receive_nothing(0.1)
    await socket.disconnect()


@pytest.mark.parametrize(
    "text", ["nonsense", "[]", "7", '{"type":"get"}', '{"type":"get","ids":7}']
)
async def test_unknown_input_is_ignored(alice: User, text: str) -> None:
    task = await sync_to_async(make_task)(alice)
    socket = await signed_in(alice)

    await socket.send_to(text_data=text)
    await nudge(task)

    assert (await received(socket))["type"] == "task"
    await socket.disconnect()


async def test_too_much_input_closes_it(alice: User) -> None:
    socket = await signed_in(alice)

    await socket.send_to(text_data="x" * (websocket.MAX_TEXT + 1))

    assert (await socket.receive_output())["code"] == 1009


async def test_a_user_who_was_shut_out_hears_no_more(alice: User) -> None:
    task = await sync_to_async(make_task)(alice)
    socket = await signed_in(alice)
    await User.objects.aupdate(is_active=False)

    await nudge(task)

    assert (await socket.receive_output())["code"] == 4401


async def test_a_read_that_fails_is_tried_again(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "RETRY_GAP", 0.01)
    monkeypatch.setattr(websocket, "MIN_GAP", 0.01)
    task = await sync_to_async(make_task)(alice)
    socket = await signed_in(alice)
    failed = asyncio.Event()

    def failing_once(*args: Any) -> list[Task]:
        if not failed.is_set():
            failed.set()
            raise OSError("the database is away")
        return by_ids(*args)

    monkeypatch.setattr(websocket, "by_ids", failing_once)
    await nudge(task)

    assert (await received(socket))["task"]["id"] == str(task.pk)
    await socket.disconnect()


# --- taken back ----------------------------------------------------------------------


async def by_key(key: str) -> WebsocketCommunicator:
    socket = communicator()
    assert (await socket.connect())[0]
    await socket.send_to(orjson.dumps({"key": key}).decode())
    return socket


async def closed_with(socket: WebsocketCommunicator) -> int:
    """Return the code with which the server closes the socket."""
    while (message := await socket.receive_output(10))["type"] != "websocket.close":
        pass
    code: int = message["code"]
    return code


def shut_out() -> None:
    User.objects.update(is_active=False)
    passes.send_access_changed(User.objects.get().pk)


ENDS: dict[str, Callable[[], object]] = {
    "its key is revoked": lambda: passes.revoke(ApiKey.objects.all()),
    "its user is disabled": shut_out,
    "its user is deleted": lambda: passes.delete_user(User.objects.get()),
}


@pytest.mark.parametrize("end", ENDS)
async def test_a_socket_that_a_key_has_opened_ends_with_it(
    alice: User, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(websocket, "LOOK_EVERY", 3600.0)  # the nudge alone
    monkeypatch.setattr(publish, "_to_group", lambda *sent: sent)
    # A message that another thread sends later does not wake this loop.
    monkeypatch.setattr(process_nudge, "publish", send_in_place)
    socket = await by_key(ALICES_KEY)
    assert await received(socket) == {"type": "ready"}

    await sync_to_async(ENDS[end])()

    assert await closed_with(socket) == websocket.UNAUTHENTICATED


async def test_a_lost_nudge_of_a_revoked_key_is_made_good(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "LOOK_EVERY", 0.05)
    socket = await by_key(ALICES_KEY)
    assert await received(socket) == {"type": "ready"}

    await ApiKey.objects.aupdate(is_active=False)

    assert await closed_with(socket) == websocket.UNAUTHENTICATED


async def test_a_socket_of_a_session_by_password_outlives_a_key(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "LOOK_EVERY", 0.05)
    socket = await signed_in(alice)

    await sync_to_async(ENDS["its key is revoked"])()
    assert await socket.receive_nothing(0.5)

    await sync_to_async(ENDS["its user is disabled"])()
    assert await closed_with(socket) == websocket.UNAUTHENTICATED


async def test_wrong_keys_on_sockets_are_counted_by_address(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wrong_keys, "MOST", 2)

    codes = [await closed_with(await by_key(f"guess {n}")) for n in range(3)]

    wrong = websocket.UNAUTHENTICATED
    assert codes == [wrong, wrong, websocket.TOO_MANY]
    assert await closed_with(await by_key(ALICES_KEY)) == websocket.TOO_MANY
