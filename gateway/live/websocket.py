"""WebSocket of the page: a nudge names a task, whose row is read and sent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError
from django.http import HttpRequest

from accounts.enums import KeyScope
from accounts.exceptions import (
    AccountsError,
    AddressBlocked,
    TooManyRequests,
    TooManyTries,
)
from accounts.models import User
from accounts.people.callers import (
    Asker,
    asker_by_key,
    asker_in,
    client_ip,
    link_base,
)
from accounts.people.passes import Pass
from accounts.protection import gate
from gateway.live import open_streams
from gateway.live.open_streams import Place
from tasks.api.shapes.forms import id_in
from tasks.selectors import by_ids
from tasks.task_json import TaskJson
from tasks.wire import tasks_json

logger = logging.getLogger(__name__)

UNAUTHENTICATED: Final = 4401
BLOCKED: Final = 4403  # the address
TOO_MANY: Final = 4429  # open streams, wrong keys, or requests of the address
LOOK_EVERY: Final = 10.0  # seconds; the nudge that a key was revoked may be lost
TOO_BIG: Final = 1009
KEY_WAIT: Final = 5.0  # seconds until a program without a session must send its key
MIN_GAP: Final = 0.2  # seconds between two messages about one task
RETRY_GAP: Final = 2.0
MAX_TEXT: Final = 16_384
MAX_IDS: Final = 200
BATCH: Final = 50


class TasksConsumer(AsyncWebsocketConsumer):
    """Sends its user's tasks as they change: `{"type": "task", "task": {...}}`.

    The page's session cookie authenticates it, or a first message `{"key": "..."}`.
    After that `{"type": "get", "ids": [...]}` asks for rows again. Other messages are
    ignored.
    """

    user: User | None = None
    entry = Pass(0)
    groups_joined: tuple[str, ...] = ()
    base = ""
    place: Place | None = None

    async def connect(self) -> None:
        self._changed: set[int] = set()  # ids to read and send now
        self._resting: dict[
            int, bool
        ] = {}  # ids that were just sent; True: changed since
        self._wake = asyncio.Event()
        self._jobs: set[asyncio.Task[None]] = set()
        await self.accept()
        self.request = request = _request_of(self.scope)
        self.base = _base_of(request)
        user = self.scope.get("user")
        if user is not None and user.is_authenticated and _same_origin(request):
            await self._enter_by(asker_in, self.scope["session"], user)
        elif await self._has_place(open_streams.UNNAMED):
            self._start(self._expire())

    async def disconnect(self, code: int) -> None:
        for job in self._jobs:
            job.cancel()
        if self.place:
            self.place.leave()
        for group in self.groups_joined:
            await self.channel_layer.group_discard(group, self.channel_name)

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None
    ) -> None:
        text = text_data or ""
        if max(len(text), len(bytes_data or b"")) > MAX_TEXT:
            await self.close(TOO_BIG)
            return
        match _parsed(text):
            case {"key": str(key)} if self.user is None:
                await self._enter_by(asker_by_key, [key])
            case {"type": "get", "ids": list(ids)} if self.user is not None:
                wanted = (id_in(each) for each in ids[:MAX_IDS])
                self._note(each for each in wanted if each is not None)

    async def task_changed(self, event: Mapping[str, Any]) -> None:
        self._note(event["task_ids"])

    async def access_changed(self, event: Mapping[str, Any]) -> None:
        await self._look()

    async def _enter_by(self, find: Callable[..., Asker | None], *by: Any) -> None:
        address = client_ip(self.request)
        try:
            asker = await database_sync_to_async(self._admitted)(find, *by, address)
        except (TooManyTries, TooManyRequests):
            await self.close(TOO_MANY)
            return
        except AddressBlocked:
            await self.close(BLOCKED)
            return
        except AccountsError:
            asker = None
        if asker is None:
            await self.close(UNAUTHENTICATED)
            return
        await self._enter(asker.user, Pass.of(asker, address))

    def _admitted(self, find: Callable[..., Asker | None], *by: Any) -> Asker | None:
        """Return the caller, who is counted as one of the API. Raises AccountsError."""
        asker = find(*by)
        if asker:
            gate.admit(self.request, asker)
            asker.check(KeyScope.READ)
        return asker

    async def _enter(self, user: User, entry: Pass) -> None:
        if not await self._has_place(user.pk):
            return
        self.user, self.entry = user, entry
        self.groups_joined = f"owner.{user.pk}", f"access.{user.pk}"
        for group in self.groups_joined:
            await self.channel_layer.group_add(group, self.channel_name)
        self._start(self._send_news())
        self._start(self._keep_looking())
        await self.send('{"type":"ready"}')

    async def _has_place(self, user_id: int) -> bool:
        """Take a place among the open streams; without a free one, close."""
        if self.place:
            self.place.leave()
        try:
            self.place = open_streams.enter(user_id)
        except open_streams.TooMany:
            await self.close(TOO_MANY)
            return False
        open_streams.leave_with(self, self.place)
        return True

    async def _keep_looking(self) -> None:
        while True:
            await self._look()  # at once, for changes before the subscription
            await asyncio.sleep(self.entry.seconds_to_look(LOOK_EVERY))

    async def _look(self) -> None:
        """Close the socket if its user has lost access."""
        try:
            user = await database_sync_to_async(self.entry.user)()
        except DatabaseError as exc:
            logger.warning("access of user %s could not be checked: %s", self.user, exc)
            return
        if user is None:
            await self.close(UNAUTHENTICATED)

    async def _expire(self) -> None:
        await asyncio.sleep(KEY_WAIT)
        if self.user is None:
            await self.close(UNAUTHENTICATED)

    def _start(self, coroutine: Any) -> None:
        job: asyncio.Task[None] = asyncio.create_task(coroutine)
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)

    def _note(self, task_ids: Iterable[int]) -> None:
        """Schedule the rows to be sent, each at most once in `MIN_GAP` seconds."""
        for task_id in task_ids:
            if task_id in self._resting:
                self._resting[task_id] = True
            else:
                self._changed.add(task_id)
                self._wake.set()

    def _rested(self, task_id: int) -> None:
        if self._resting.pop(task_id, False):
            self._note([task_id])

    async def _send_news(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._changed:
                batch = [
                    self._changed.pop() for _ in range(min(BATCH, len(self._changed)))
                ]
                await self._send_rows(batch)

    async def _send_rows(self, task_ids: list[int]) -> None:
        loop = asyncio.get_running_loop()
        for task_id in task_ids:  # before the read, so that changes during it are noted
            self._resting[task_id] = False
            loop.call_later(MIN_GAP, self._rested, task_id)
        try:
            rows = await database_sync_to_async(self._rows)(task_ids)
        except Exception as exc:
            logger.warning("tasks of user %s could not be read: %s", self.user, exc)
            loop.call_later(RETRY_GAP, self._note, task_ids)
            return
        if rows is None:
            await self.close(UNAUTHENTICATED)
            return
        for row in rows:
            text = orjson.dumps({"type": "task", "task": row}).decode()
            await self.send(text)

    def _rows(self, task_ids: list[int]) -> list[TaskJson] | None:
        """Return the tasks that the user may see, or None without access."""
        user = self.entry.user()
        return tasks_json(by_ids(user, task_ids), self.base) if user else None


def _parsed(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _request_of(scope: Mapping[str, Any]) -> HttpRequest:
    """Return the handshake as a request, so that Django's host rules apply."""
    scheme = "https" if scope.get("scheme") == "wss" else "http"
    return ASGIRequest({**scope, "method": "GET", "scheme": scheme}, BytesIO())


def _base_of(request: HttpRequest) -> str:
    try:
        return link_base(request)
    except DisallowedHost:
        return ""


def _same_origin(request: HttpRequest) -> bool:
    """Return whether a page of this site opened the socket.

    Browsers send the cookie from any page.
    """
    origin = request.headers.get("origin", "")
    if origin and origin == settings.PUBLIC_URL:  # in case a proxy changes the host
        return True
    try:
        host = request.get_host()
    except DisallowedHost:
        return False
    return urlsplit(origin).netloc == host
