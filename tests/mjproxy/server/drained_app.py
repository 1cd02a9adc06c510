"""A small ASGI application whose answers a test can hold up."""

from __future__ import annotations

import asyncio
from typing import Any

_let_go = asyncio.Event()


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await receive()
        return
    await _START.get(scope["path"], _plain)(send)


async def _plain(send: Any) -> None:
    await _head(send, b"text/plain")
    await send({"type": "http.response.body", "body": b"here"})


async def _slow(send: Any) -> None:
    """Answer when somebody has asked for /go."""
    print("under way", flush=True)  # noqa: T201
    await _let_go.wait()
    await _plain(send)


async def _go(send: Any) -> None:
    _let_go.set()
    await _plain(send)


async def _stream(send: Any) -> None:
    await _head(send, b"text/event-stream")
    await send(
        {"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True}
    )
    await asyncio.Event().wait()


async def _head(send: Any, kind: bytes) -> None:
    headers = [(b"content-type", kind)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


_START = {"/slow": _slow, "/go": _go, "/stream": _stream}
