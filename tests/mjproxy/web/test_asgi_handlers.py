from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

import orjson
import pytest
from asgiref.sync import sync_to_async
from django.core.signals import request_finished, request_started
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import clear_url_caches, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.protection.rules import Protection
from mjproxy.lib.process.watchdog import Watch
from mjproxy.lib.web import client_disconnect
from mjproxy.web.asgi_handlers import (
    BodyCap,
    ClientDisconnectMiddleware,
    OneHopHandler,
    PooledSync,
    SeparatePool,
)
from tasks.models import StorageSettings

PATIENCE = 20.0
seen: list[int] = []
over: list[int] = []
signals: list[tuple[str, int]] = []  # of requests, with their threads
held = threading.Event()
asked, left = threading.Event(), threading.Event()


def wait_until_left(request: HttpRequest) -> HttpResponse:
    asked.set()
    while not client_disconnect.has_disconnected():
        left.wait(0.01)
    left.set()
    return HttpResponse(b"late")


def note_thread(request: HttpRequest) -> HttpResponse:
    seen.append(threading.get_ident())
    return HttpResponse(b"ok")


def hold(request: HttpRequest) -> HttpResponse:
    held.wait(PATIENCE)
    return HttpResponse(b"late")


def stream(request: HttpRequest) -> StreamingHttpResponse:
    async def parts() -> AsyncIterator[bytes]:
        yield b"one "
        over.append(len(signals))
        yield b"two"

    return StreamingHttpResponse(parts())


class Echo(APIView):
    authentication_classes = ()
    permission_classes = ()

    def post(self, request: Request) -> Response:
        return Response(request.data)


urlpatterns = [
    path("thread", note_thread),
    path("echo", Echo.as_view()),
    path("left", wait_until_left),
    path("hold", hold),
    path("stream", stream),
]


def ten(path: str) -> int:
    return 10


async def call(
    app: Any,
    name: str,
    *chunks: bytes,
    headers: list[tuple[bytes, bytes]] | None = None,
) -> tuple[int, bytes, dict[bytes, bytes]]:
    """Send one request to an ASGI application; return status, body and headers."""
    sent: list[dict[str, Any]] = []
    parts: AsyncIterator[dict[str, Any]] = _messages(chunks)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST" if chunks else "GET",
        "path": name,
        "headers": [(b"host", b"127.0.0.1"), *(headers or [])],
        "query_string": b"",
    }
    await app(scope, parts.__anext__, send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], body, dict(sent[0]["headers"])


async def _messages(chunks: tuple[bytes, ...]) -> AsyncIterator[dict[str, Any]]:
    for chunk in chunks:
        yield {"type": "http.request", "body": chunk, "more_body": True}
    yield {"type": "http.request", "body": b"", "more_body": False}
    await asyncio.Event().wait()
    yield {}


@pytest.mark.urls(__name__)
@pytest.mark.django_db(transaction=True)
async def test_requests_that_follow_each_other_share_a_thread() -> None:
    app = PooledSync(OneHopHandler())
    seen.clear()

    for _ in range(3):
        await call(app, "/thread")

    assert len(set(seen)) == 1


@pytest.mark.urls(__name__)
@pytest.mark.django_db(transaction=True)
async def test_a_chunked_body_without_a_length_is_read() -> None:
    status, body, _ = await call(OneHopHandler(), "/echo", b'{"a":', b"1}")

    assert (status, body) == (200, b'{"a":1}')


@pytest.mark.urls(__name__)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("length", [b"abc", b"-1", b"", b"3", b"10"])
async def test_what_was_sent_counts_not_the_length_that_was_told(length: bytes) -> None:
    app = BodyCap(OneHopHandler(), ten)

    answer = await call(app, "/echo", b'{"a":1}', headers=[(b"content-length", length)])

    assert answer[:2] == (200, b'{"a":1}')


@pytest.mark.parametrize(
    ("chunks", "headers"),
    [
        ((b"x" * 6, b"x" * 6), None),
        ((b"x",), [(b"content-length", b"11")]),
        ((b"x",), [(b"content-length", b"9" * 5000)]),
    ],
    ids=["counted", "declared", "absurd"],
)
async def test_a_body_beyond_the_cap_is_413_for_any_origin(
    chunks: tuple[bytes, ...], headers: list[tuple[bytes, bytes]] | None
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass
        raise AssertionError("the whole body was read")

    status, body, said = await call(BodyCap(app, ten), "/", *chunks, headers=headers)

    assert (status, said[b"access-control-allow-origin"]) == (413, b"*")
    assert orjson.loads(body)["success"] is False


async def test_a_body_within_the_cap_passes() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": message["body"]})

    status, body, _ = await call(BodyCap(app, ten), "/", b"x" * 10)

    assert (status, body) == (200, b"x" * 10)


@pytest.mark.urls(__name__)
@pytest.mark.django_db(transaction=True)
async def test_a_view_sees_that_its_client_has_gone() -> None:
    async def goes() -> AsyncIterator[dict[str, Any]]:
        yield {"type": "http.request", "body": b"", "more_body": False}
        await asyncio.to_thread(asked.wait, 20)
        yield {"type": "http.disconnect"}

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/left",
        "headers": [(b"host", b"127.0.0.1")],
        "query_string": b"",
    }
    asked.clear()
    left.clear()

    async def send(message: Any) -> None:
        raise AssertionError("an answer to nobody")

    await ClientDisconnectMiddleware(OneHopHandler())(scope, goes().__anext__, send)

    assert await asyncio.to_thread(left.wait, 20)
    assert not client_disconnect.has_disconnected()


@pytest.mark.urls(__name__)
async def test_looks_are_answered_while_every_other_thread_is_held_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hold, taken = threading.Event(), threading.Semaphore(0)

    def wait(request: HttpRequest) -> HttpResponse:
        taken.release()
        hold.wait(PATIENCE)
        return HttpResponse(b"late")

    monkeypatch.setattr(
        f"{__name__}.urlpatterns", [path("wait", wait), path("look", note_thread)]
    )
    # These threads have no database.
    monkeypatch.setattr("accounts.protection.gate.protection", Protection)
    monkeypatch.setattr("tasks.pictures.kept.links.storage_settings", StorageSettings)
    clear_url_caches()
    rest = PooledSync(OneHopHandler(), size=2)
    app = SeparatePool(PooledSync(OneHopHandler(), size=1), ["/look"], rest)
    held = [asyncio.create_task(call(app, "/wait")) for _ in range(5)]
    for _ in range(2):
        assert await asyncio.to_thread(taken.acquire, timeout=PATIENCE)

    assert (await call(app, "/look"))[:2] == (200, b"ok")

    hold.set()
    assert {status for status, *_ in await asyncio.gather(*held)} == {200}


async def test_the_watchdog_asks_a_thread_that_is_free() -> None:
    """One that hangs for ever hinders nobody; when all hang, nobody answers."""
    hold, done, watch_it = threading.Event(), threading.Event(), Watch()
    pool = PooledSync(Blocking(hold), size=2)
    loop = asyncio.get_running_loop()
    held = [asyncio.create_task(pool({}, nobody, nobody))]
    await asyncio.sleep(0)

    pool._ask(loop, done.set)
    assert await asyncio.to_thread(done.wait, PATIENCE)

    held.append(asyncio.create_task(pool({}, nobody, nobody)))
    await asyncio.sleep(0)
    watch_it.require("requests", partial(pool._ask, loop))
    for _ in range(3):
        assert not watch_it.look()
        await asyncio.sleep(0)
    hold.set()
    await asyncio.gather(*held)


async def nobody(*_: Any) -> Any:
    """Stand for the caller whom nobody asks."""


class Blocking:
    """An application whose synchronous part waits until a test lets it go."""

    def __init__(self, hold: threading.Event) -> None:
        self.hold = hold

    async def __call__(self, *_: Any) -> None:
        await sync_to_async(self.hold.wait, thread_sensitive=True)(PATIENCE)


# --- signals of Django ---------------------------------------------------------------


@pytest.fixture
def told() -> Iterator[list[tuple[str, int]]]:
    """The signals of requests, each with the thread that it was sent in."""
    signals.clear()

    def started(**_: Any) -> None:
        signals.append(("started", threading.get_ident()))

    def finished(**_: Any) -> None:
        signals.append(("finished", threading.get_ident()))

    request_started.connect(started)
    request_finished.connect(finished)
    yield signals
    request_started.disconnect(started)
    request_finished.disconnect(finished)


@pytest.mark.urls(__name__)
@pytest.mark.django_db(transaction=True)
async def test_a_request_is_one_hop_to_a_thread(told: list[tuple[str, int]]) -> None:
    seen.clear()

    await call(PooledSync(OneHopHandler()), "/thread")

    (thread,) = seen
    assert told == [("started", thread), ("finished", thread)]
    assert thread != threading.get_ident()


@pytest.mark.urls(__name__)
@pytest.mark.django_db(transaction=True)
async def test_a_stream_is_over_after_its_last_byte(
    told: list[tuple[str, int]],
) -> None:
    over.clear()

    status, body, _ = await call(PooledSync(OneHopHandler()), "/stream")

    assert (status, body) == (200, b"one two")
    assert [name for name, _ in told] == ["started", "finished"]
    assert over == [1]  # only `started` was told when the last byte was made


@pytest.mark.urls(__name__)
@pytest.mark.django_db(transaction=True)
async def test_a_caller_that_leaves_ends_the_request(
    told: list[tuple[str, int]],
) -> None:
    messages = iter([{"type": "http.request"}, {"type": "http.disconnect"}])

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(_: Any) -> None:
        raise AssertionError("an answer without a reader")

    scope = {"type": "http", "method": "GET", "path": "/hold", "query_string": b""}
    held.clear()
    app = PooledSync(OneHopHandler())
    await app({**scope, "headers": [(b"host", b"127.0.0.1")]}, receive, send)
    held.set()

    await call(app, "/thread")  # waits for the thread
    assert [name for name, _ in told].count("finished") == 2
