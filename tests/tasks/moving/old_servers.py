"""Servers to move in from, on loopback, which answer as those products do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from aiohttp import web

from mjproxy.lib.process import event_loop
from tasks.enums import MoveSource
from tasks.models import MoveIn
from tasks.moving.begin import begin
from tasks.moving.running import go_on
from tests.http_server import Server, serving

KEY: Final = "the-key-of-the-old-operator"
JOB_ID: Final = "0f3c8a52-1111-4222-8333-9a44b5c6d7e8"


def account(number: int, **members: Any) -> dict[str, Any]:
    """Return an account with the members that all lines have."""
    return {
        "id": f"row-{number}",
        "guildId": "1118138338562560101",
        "channelId": str(1_118_138_338_562_700_000 + number),
        "userToken": f"very-secret-token-{number}",
        "userAgent": "Mozilla/5.0",
        "enable": True,
        "coreSize": 3,
        "timeoutMinutes": 5,
        "remark": f"old {number}",
        **members,
    }


def task(number: int, **members: Any) -> dict[str, Any]:
    """Return a finished task in the words of the wire."""
    return {
        "id": str(1_725_588_106_123_000 + number),
        "action": "IMAGINE",
        "status": "SUCCESS",
        "prompt": f"a red fox {number}",
        "promptEn": f"a red fox {number}",
        "description": f"/imagine a red fox {number}",
        "state": "mine",
        "submitTime": 1_725_588_106_123 + number,
        "startTime": 1_725_588_107_123,
        "finishTime": 1_725_588_150_123,
        "imageUrl": f"https://pictures.example/{number}.png",
        "progress": "100%",
        "failReason": "",
        "buttons": [
            {
                "customId": f"MJ::JOB::upsample::1::{JOB_ID}",
                "emoji": "",
                "label": "U1",
                "type": 2,
                "style": 2,
            }
        ],
        "properties": {
            "notifyHook": "https://hooks.example/?token=abc",
            "discordInstanceId": "1118138338562700001",
            "finalPrompt": f"a red fox {number} --v 6.1",
            "messageId": str(1_281_000_000_000_000_000 + number),
            "flags": 0,
        },
        **members,
    }


class Plus:
    """The “plus” product: two lists, page by page."""

    def __init__(self, accounts: list[Any], tasks: list[Any]) -> None:
        self.rows = {
            "/mj/account/query": accounts,
            "/mj/task-admin/query": tasks,
        }

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("mj-api-secret") != KEY:
            return web.Response(status=401)
        asked = await request.json()
        rows, size = self.rows[request.path], asked["pageSize"]
        first = asked["pageNumber"] * size
        page = rows[first : first + size]
        return answer({"content": page, "last": first + size >= len(rows)})


class CSharp:
    """The C# line: tables of its admin API, and its settings."""

    def __init__(self, **tables: list[Any]) -> None:
        self.tables = {name.replace("_", "-"): rows for name, rows in tables.items()}
        self.settings: dict[str, Any] = {"id": "default"}
        self.missing: set[str] = set()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("mj-api-secret") != KEY:
            return web.Response(status=401, text="Forbidden: Admin access required.")
        name = request.path.removeprefix("/mj/admin/")
        if name in self.missing:
            return web.Response(status=404)
        if name == "setting" and request.method == "GET":
            return answer({"success": True, "code": 0, "data": self.settings})
        asked = (await request.json())["pagination"]
        rows, size = self.tables.get(name, []), asked["pageSize"]
        first = (asked["current"] - 1) * size
        count = -(-len(rows) // size)
        told = {**asked, "total": len(rows), "pageCount": count}
        return answer({"list": rows[first : first + size], "pagination": told})


class Java:
    """The Java line: a bare list of the tasks that it has."""

    def __init__(self, rows: list[Any]) -> None:
        self.rows = rows

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if request.method != "GET" or request.path != "/mj/task/list":
            return web.Response(status=404)
        return answer(self.rows)


def answer(told: Any) -> web.Response:
    return web.Response(body=json.dumps(told).encode(), content_type="application/json")


@contextmanager
def plus(accounts: list[Any], tasks: list[Any]) -> Iterator[Server]:
    with serving(Plus(accounts, tasks)) as server:
        yield server


def move(
    server: Server | str, source: MoveSource = MoveSource.PLUS, **options: Any
) -> MoveIn:
    """Begin a run and do it as far as it goes."""
    host = server if isinstance(server, str) else server.origin
    run = begin(source, host, KEY, **options)
    return further(run)


def further(run: MoveIn) -> MoveIn:
    event_loop.run(go_on(run.pk))
    return MoveIn.objects.get(pk=run.pk)
