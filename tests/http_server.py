"""Web servers on loopback that run in the process's event loop and record requests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from mjproxy.lib.process import event_loop

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Received:
    method: str
    path: str
    target: str  # the path as it came in, byte for byte
    headers: dict[str, str]
    body: bytes


@dataclass
class Server:
    """Answers with `handler` where one is set, else with 200."""

    handler: Handler | None = None
    calls: list[Received] = field(default_factory=list)
    origin: str = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        call = Received(
            request.method,
            request.path_qs,
            request.raw_path,
            {name.lower(): value for name, value in request.headers.items()},
            await request.read(),
        )
        self.calls.append(call)
        return await self.handler(request) if self.handler else web.Response()


@contextmanager
def serving(handler: Handler | None = None) -> Iterator[Server]:
    server = Server(handler)
    runner = event_loop.run(_start(server))
    try:
        yield server
    finally:
        event_loop.run(_stop(runner))


async def _start(server: Server) -> web.ServerRunner:
    runner = web.ServerRunner(
        web.Server(server.answer),  # type: ignore[arg-type]
        shutdown_timeout=0.1,
        handler_cancellation=True,
    )
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    server.origin = f"http://{host}:{port}"
    return runner


async def _stop(runner: web.ServerRunner) -> None:
    """Close the server, and wait until the handlers of lost connections have ended."""
    await runner.cleanup()
    left = [task for task in asyncio.all_tasks() if _is_of(task, runner.server)]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


def _is_of(task: asyncio.Task[Any], server: web.Server | None) -> bool:
    """Tell whether a task handles a request of the server."""
    frame = getattr(task.get_coro(), "cr_frame", None)
    handler = frame.f_locals.get("self") if frame else None
    return isinstance(handler, web.RequestHandler) and handler._manager is server


def always(status: int = 200, **kwargs: Any) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=status, **kwargs)

    return handler


async def never(request: web.Request) -> web.Response:
    """Takes the request and says nothing."""
    await asyncio.Event().wait()
    return web.Response()


@contextmanager
def listen_on_loopback(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> Iterator[str]:
    """Serve bytes that no web server would send; yields the origin."""

    async def start() -> asyncio.Server:
        return await asyncio.start_server(talk, "127.0.0.1", 0)

    async def stop(server: asyncio.Server) -> None:
        server.close()

    server = event_loop.run(start())
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        event_loop.run(stop(server))
