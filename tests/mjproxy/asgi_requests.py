"""Requests to the ASGI application as its server sees it, many at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from asgiref.sync import SyncToAsync, sync_to_async
from django.db import connections

from mjproxy.web.asgi_handlers import OneHopHandler, PooledSync
from tasks.pictures import cdn


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@asynccontextmanager
async def application() -> AsyncIterator[PooledSync]:
    """Yield the application; close the connections of its threads afterwards."""
    app = PooledSync(OneHopHandler())
    try:
        yield app
    finally:
        if downloader := cdn._downloaders.pop(asyncio.get_running_loop(), None):
            await downloader._session.close()
        for slot in app.slots:
            token = SyncToAsync.thread_sensitive_context.set(slot[0])
            await sync_to_async(connections.close_all)()
            SyncToAsync.thread_sensitive_context.reset(token)


async def ask(
    app: Any,
    path: str,
    key: str = "",
    body: Any = None,
    *,
    more: tuple[tuple[bytes, bytes], ...] = (),
    gone: asyncio.Event | None = None,
) -> Answer:
    """Send one request, a POST where it has a body, and wait for the whole answer.

    Bytes are sent as they are, all else as JSON. `more` are further headers. The caller
    goes away when `gone` is set.
    """
    answer = Answer()
    sent = body if isinstance(body, bytes) else orjson.dumps(body)
    parts = _messages(b"" if body is None else sent, gone)

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {
                name.decode().lower(): value.decode()
                for name, value in message["headers"]
            }
        answer.body += message.get("body", b"")

    headers = [(b"host", b"127.0.0.1"), *more]
    if key:
        headers.append((b"mj-api-secret", key.encode()))
    scope = {
        "type": "http",
        "method": "GET" if body is None else "POST",
        "path": path,
        "headers": headers,
        "query_string": b"",
    }
    await app(scope, parts.__anext__, send)
    return answer


async def _messages(
    body: bytes, gone: asyncio.Event | None
) -> AsyncIterator[dict[str, Any]]:
    yield {"type": "http.request", "body": body, "more_body": False}
    await (gone or asyncio.Event()).wait()
    yield {"type": "http.disconnect"}
