"""HTTP handlers of the ASGI application: their threads and their limits on bytes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Iterator,
    Mapping,
    MutableMapping,
)
from contextlib import contextmanager, suppress
from functools import partial
from typing import IO, Any, Final

import orjson
from asgiref.sync import SyncToAsync, ThreadSensitiveContext, sync_to_async
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, ASGIRequest, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.core.handlers.exception import response_for_exception
from django.core.signals import request_started
from django.http import HttpResponse, HttpResponseBase
from django.urls import set_script_prefix

from mjproxy.lib.dialect.answers import operation_result
from mjproxy.lib.process.watchdog import watch
from mjproxy.lib.web import client_disconnect
from mjproxy.lib.web.outside_hosts import (
    DeferredResponse,
    PendingResponse,
    request_answers,
)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
# Loose types, because Django, Channels and the servers disagree on the details.
App = Callable[..., Awaitable[None]]
THREADS: Final = "requests"  # name of the threads of views in the watchdog


class OneHopHandler(ASGIHandler):
    """Django's handler, with middleware and view run together in one thread.

    Django's own switches to a thread and back for each middleware that is not async,
    which costs more than a short view does.
    """

    def __init__(self, part: str = "") -> None:
        """Set up the handler; `part` is the name of its threads in the watchdog."""
        BaseHandler.__init__(self)
        self.part = part
        self.load_middleware(is_async=False)

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request as Django does; the view's thread sends the signals.

        Django goes to a thread and back for each signal.
        """
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        with body:
            set_script_prefix(get_script_prefix(scope))
            request, refused = self.create_request(scope, body)
            if request is None:
                await self.send_response(refused or HttpResponse(status=400), send)
                return
            leaving = asyncio.create_task(self.listen_for_disconnect(receive))
            answering = asyncio.create_task(self._answer(request, send))
            tasks = leaving, answering
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()  # without effect on what is done
                with suppress(asyncio.CancelledError, RequestAborted):
                    await task

    async def _answer(self, request: ASGIRequest, send: Any) -> None:
        response: HttpResponseBase = await self.run_get_response(request)
        try:
            await self.send_response(response, send)
        finally:
            if not response.closed:
                close: Any = sync_to_async(response.close)
                await close()

    async def get_response_async(self, request: Any) -> HttpResponseBase:
        """Answer a request; await what it needs from outside without holding a thread.

        A request that has asked for something is run again from the start
        (mjproxy/lib/web/outside_hosts.py).
        """
        run: Any = sync_to_async(self._respond, thread_sensitive=True)
        with request_answers():
            response: HttpResponseBase = await run(request)
            while isinstance(response, PendingResponse):
                await response.ask()
                again, _ = self.create_request(request.scope, request._stream)
                response = await run(again)
        if isinstance(response, DeferredResponse):
            try:
                await response.begin()
            except Exception as exc:
                told: Any = sync_to_async(response_for_exception)
                response = await told(request, exc)
        return response

    def _respond(self, request: Any) -> HttpResponseBase:
        handler = self.__class__
        request_started.send(sender=handler, scope=request.scope)
        try:
            response = self.get_response(request)
            if not (response.streaming or isinstance(response, PendingResponse)):
                vars(response)["_handler_class"] = handler
                response.close()  # sends `request_finished`
            return response
        finally:
            if self.part:
                watch.moved(self.part)

    def create_request(
        self, scope: Mapping[str, Any], body_file: IO[bytes]
    ) -> tuple[ASGIRequest, None] | tuple[None, HttpResponse]:
        request, error = super().create_request(scope, body_file)
        if request is not None:
            # A chunked request has no length, and REST framework would then read
            # nothing.
            size = body_file.seek(0, os.SEEK_END)
            body_file.seek(0)
            request.META["CONTENT_LENGTH"] = str(size)
            return request, None
        return request, error  # type: ignore[return-value]


class PooledSync:
    """Runs the synchronous part of requests in a fixed set of threads.

    A fresh thread for every request would need a fresh database connection. If `part`
    is named, the process's watchdog checks that the threads move.
    """

    def __init__(self, app: App, size: int = 8, part: str = "") -> None:
        self.app, self.part = app, part
        self.slots: list[list[Any]] = [
            [ThreadSensitiveContext(), 0] for _ in range(size)
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.part:  # there is a loop only now
            ask = partial(self._ask, asyncio.get_running_loop())
            watch.require(self.part, ask)
            self.part = ""
        with self._slot():
            await self.app(scope, receive, send)

    @contextmanager
    def _slot(self) -> Iterator[None]:
        slot = min(self.slots, key=lambda each: each[1])
        slot[1] += 1
        token = SyncToAsync.thread_sensitive_context.set(slot[0])
        try:
            yield
        finally:
            SyncToAsync.thread_sensitive_context.reset(token)
            slot[1] -= 1

    def _ask(self, loop: asyncio.AbstractEventLoop, done: Callable[[], object]) -> None:
        asyncio.run_coroutine_threadsafe(self._do(done), loop)

    async def _do(self, work: Callable[[], object]) -> None:
        with self._slot():
            await sync_to_async(work, thread_sensitive=True)()


class SeparatePool:
    """Runs the requests for `paths` in `pool`, so that others do not delay them."""

    def __init__(self, pool: App, paths: Collection[str], rest: App) -> None:
        self.pool, self.paths, self.rest = pool, paths, rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.pool if scope["path"] in self.paths else self.rest
        await app(scope, receive, send)


class ClientDisconnectMiddleware:
    """Lets the views of a request know that its client has disconnected."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        disconnected, token = client_disconnect.start_tracking()

        async def watched() -> MutableMapping[str, Any]:
            message = await receive()
            if message["type"] == "http.disconnect":
                disconnected.set()
            return message

        try:
            await self.app(scope, watched, send)
        finally:
            client_disconnect.stop_tracking(token)


class BodyTooLarge(Exception):
    """The body has more bytes than allowed."""


class BodyCap:
    """Answers 413 to more bytes than `limit` allows for a path, declared or counted.

    Our own web server refuses them earlier; other servers leave it to us.
    """

    def __init__(self, app: App, limit: Callable[[str], int]) -> None:
        self.app, self.limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = self.limit(scope["path"])
        if _declared_length(scope) > limit:
            await _refuse(limit, send)
            return
        seen = 0

        async def counted() -> MutableMapping[str, Any]:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body") or b"")
            if seen > limit:
                raise BodyTooLarge
            return message

        try:
            await self.app(scope, counted, send)
        except BodyTooLarge:
            await _refuse(limit, send)


async def _refuse(limit: int, send: Send) -> None:
    headers, body = refusal(413, limit)
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def refusal(status: int, limit: int) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return headers and body of an answer that is given without Django."""
    texts = {
        408: "The request did not arrive in time",
        413: f"The body is larger than {limit} bytes",
    }
    body = orjson.dumps(operation_result(success=False, message=texts[status]))
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"access-control-allow-origin", b"*"),
    ]
    return headers, body


def _declared_length(scope: Scope) -> int:
    for name, value in scope.get("headers", ()):
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0
