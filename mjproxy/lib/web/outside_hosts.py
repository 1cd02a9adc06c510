"""Answers of hosts outside that a request needs, awaited without a web thread.

A view asks with `answer_to`. If its request runs in a web thread, the view ends there
with `AnswerNeeded`; the handler awaits the answer in its event loop and runs the
request again from the start, and this time the answer is known. So nothing may be
written before the last question, except in a transaction.
"""

from __future__ import annotations

from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Hashable,
    Iterator,
)
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse

from mjproxy.lib.process import event_loop
from mjproxy.lib.process.bulkhead import Places

Ask = Callable[[], Coroutine[Any, Any, Any]]
Outcomes = dict[str, Any]

# Limits on the open questions of one process and of one user.
IN_ALL: Final = 128
EACH: Final = 64
_places: Final = Places(IN_ALL, EACH)
_outcomes: ContextVar[Outcomes | None] = ContextVar("outcomes", default=None)


class AnswerNeeded(Exception):
    """The request needs an answer that is not known yet."""

    def __init__(self, key: str, ask: Ask) -> None:
        super().__init__(key)
        self.key, self.ask = key, ask


def answer_to(key: str, ask: Ask, *, timeout: float) -> Any:
    """Return what `ask` returns, or raise what it raises.

    `key` names the question within its request. Raises NoPlace if too many are waiting,
    and AnswerNeeded, which the view must not catch. Outside of a request it waits here.
    """
    outcomes = _outcomes.get()
    if outcomes is None:
        return event_loop.run(ask(), timeout=timeout)
    if key not in outcomes:
        raise AnswerNeeded(key, ask)
    if isinstance(outcomes[key], Exception):
        raise outcomes[key]
    return outcomes[key]


@contextmanager
def request_answers() -> Iterator[None]:
    """Make requests in this block end with `AnswerNeeded` at a new question."""
    token = _outcomes.set({})
    try:
        yield
    finally:
        _outcomes.reset(token)


class PendingResponse(HttpResponse):
    """Takes the place of a response: the question that must be answered first."""

    def __init__(self, needed: AnswerNeeded, who: Hashable) -> None:
        super().__init__()
        self._needed, self._who = needed, who

    async def ask(self) -> None:
        """Await the answer, and store it or its error."""
        outcomes = _outcomes.get()
        assert outcomes is not None  # noqa: S101 - `request_answers` made it
        try:
            async with _places.place(self._who, at_once=True):
                outcomes[self._needed.key] = await self._needed.ask()
        except Exception as exc:
            outcomes[self._needed.key] = exc


class DeferredResponse(StreamingHttpResponse):
    """Response that `begin` produces in the event loop, before any of it is sent."""

    def __init__(self, find: Callable[[], Awaitable[HttpResponseBase]]) -> None:
        super().__init__()
        self._find = find

    async def begin(self) -> None:
        found = await self._find()
        self.status_code = found.status_code
        for name, value in found.items():
            self[name] = value
        if isinstance(found, StreamingHttpResponse):
            self.streaming_content = found.streaming_content
        else:
            self.streaming_content = _once(b"".join(found))


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
