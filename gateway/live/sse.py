"""Server-sent events of one task: resumable, without a thread for each stream."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Final

from channels import DEFAULT_CHANNEL_LAYER
from channels.db import database_sync_to_async
from channels.layers import channel_layers
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
)
from rest_framework.exceptions import NotFound, Throttled
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.requests import asker_behind
from accounts.enums import KeyScope
from accounts.models import User
from accounts.people.callers import client_ip, link_base
from accounts.people.passes import Pass
from accounts.wire.forms import OperationSerializer
from gateway.live import open_streams
from gateway.live.open_streams import Place
from mjproxy.lib.process import backoff
from tasks.api.shapes.answers import TASK_ID, TaskEventSerializer
from tasks.api.shapes.forms import id_in
from tasks.models import Task
from tasks.selectors import find
from tasks.wire import task_bytes

logger = logging.getLogger(__name__)

COMMENT_EVERY: Final = 15.0  # seconds; proxies cut silent connections
LOOK_EVERY: Final = 10.0  # a nudge may be lost
MIN_GAP: Final = 0.2
RECONNECT: Final = 2.0
RETRY_AFTER: Final = 10  # seconds, when the limit of streams is reached


_EVENTS: Final = OpenApiExample(
    "a change",
    value='retry: 2000\n\nevent: task\nid: 3\ndata: {"id":"1795000000000042",...}\n\n',
    response_only=True,
    status_codes=["200"],
    media_type="text/event-stream",
)


class TaskStreamView(APIView):
    """Sends each change of a task as an event, until the task is over."""

    http_method_names = ("get", "options")
    scope = KeyScope.READ
    looks = ()  # visitors have no open streams

    @extend_schema(
        operation_id="task_stream",
        tags=["task"],
        summary="Follow a task (server-sent events)",
        parameters=[
            TASK_ID,
            OpenApiParameter(
                "Last-Event-ID",
                str,
                OpenApiParameter.HEADER,
                description="The id of the last event seen; the stream goes on there.",
            ),
        ],
        responses={
            (200, "text/event-stream"): OpenApiResponse(
                TaskEventSerializer, description="Each change, until the end."
            ),
            204: OpenApiResponse(description="Over, and the end was seen."),
            404: OpenApiResponse(
                OperationSerializer, description="No such task, or somebody else's."
            ),
            429: OpenApiResponse(
                OperationSerializer, description="Too many open streams."
            ),
        },
        examples=[_EVENTS],
    )
    def get(self, request: Request, task_id: str, mode: str = "") -> HttpResponseBase:
        pk = id_in(task_id)
        plain = request._request
        asker = asker_behind(request)
        came = Pass.of(asker, client_ip(plain))
        story = Story(asker.user, pk or 0, link_base(plain), came)
        task = story.task() if pk else None
        if task is None:
            raise NotFound("No such task")
        seen = request.headers.get("last-event-id", "").strip()
        if task.is_terminal and seen == str(task.revision):
            return HttpResponse(status=204)  # a browser then stops to connect again
        try:
            place = open_streams.enter(asker.user.pk)
        except open_streams.TooMany:
            raise Throttled(RETRY_AFTER, "Too many open streams") from None
        response = EventStream(story.events(seen, place))
        open_streams.leave_with(response, place)  # even if no event is ever read
        response["Cache-Control"] = "no-store"
        response["X-Accel-Buffering"] = "no"
        return response


class EventStream(StreamingHttpResponse):
    """A response that closes its generator at its end.

    Django leaves that to the garbage collector.
    """

    def __init__(self, events: AsyncGenerator[bytes]) -> None:
        super().__init__(events, content_type="text/event-stream")
        self.events = events

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async with contextlib.aclosing(self.events) as events:
            async for part in events:
                yield part


@dataclass(frozen=True)
class Story:
    """A task as one user may see it."""

    user: User
    task_id: int
    base: str
    came: Pass

    def task(self) -> Task | None:
        """Return the row, or None if this user may not see it any more."""
        user = self.came.user()
        return find(user, self.task_id) if user else None

    async def events(self, seen: str, place: Place) -> AsyncGenerator[bytes]:
        """Yield the events after the one with the id `seen`, and comments between."""
        news = asyncio.Event()
        groups = f"task.{self.task_id}", f"access.{self.user.pk}"
        listening = asyncio.create_task(_listen(groups, news))
        loop = asyncio.get_running_loop()
        comment_at = loop.time() + COMMENT_EVERY
        try:
            yield b"retry: 2000\n\n"
            while True:
                news.clear()
                task = await database_sync_to_async(self.task)()
                if task is None:
                    return
                if str(task.revision) != seen:
                    seen = str(task.revision)
                    yield self._event(task)
                    comment_at = loop.time() + COMMENT_EVERY
                if task.is_terminal:
                    return
                await asyncio.sleep(MIN_GAP)
                look_at = loop.time() + self.came.seconds_to_look(LOOK_EVERY)
                while not await _set_before(news, min(look_at, comment_at)):
                    if loop.time() >= comment_at:
                        comment_at = loop.time() + COMMENT_EVERY
                        yield b": still here\n\n"
                    if loop.time() >= look_at:
                        break
        finally:
            listening.cancel()
            place.leave()

    def _event(self, task: Task) -> bytes:
        return b"event: task\nid: %d\ndata: %b\n\n" % (
            task.revision,
            task_bytes(task, self.base),
        )


async def _set_before(event: asyncio.Event, moment: float) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(moment):
            await event.wait()
    return event.is_set()


async def _listen(groups: tuple[str, ...], news: asyncio.Event) -> None:
    """Set `news` at each nudge.

    If the channel layer is away, the looks every LOOK_EVERY seconds suffice.
    """
    layer = channel_layers[DEFAULT_CHANNEL_LAYER]
    failures = 0
    while True:
        try:
            channel = await layer.new_channel()
            try:
                for group in groups:
                    await layer.group_add(group, channel)
                news.set()  # for changes before the subscription
                failures = 0
                while True:
                    await layer.receive(channel)
                    news.set()
            finally:
                for group in groups:
                    await layer.group_discard(group, channel)
        except Exception as exc:
            failures += 1
            if failures == 1:
                logger.warning(
                    "%s: stream receives no messages from Redis: %s", groups[0], exc
                )
            await asyncio.sleep(backoff.delay(failures, first=RECONNECT))
