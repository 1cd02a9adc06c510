"""What requests need from hosts outside: waited for without one of the web threads.

A view asks with `answer_to`. Where its request runs in a web thread, the view ends
there with `Unasked`; the handler waits for the answer in its event loop and runs the
request anew, from the start: this time the answer is known. So nothing may be written
before the last question, but in a transaction.
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

# Questions of one process at once, and those of one user.
IN_ALL: Final = 128
EACH: Final = 64
_places: Final = Places(IN_ALL, EACH)
_outcomes: ContextVar[Outcomes | None] = ContextVar("outcomes", default=None)


class Unasked(Exception):
    """A request needs an answer that is not known yet."""

    def __init__(self, key: str, ask: Ask) -> None:
        super().__init__(key)
        self.key, self.ask = key, ask


def answer_to(key: str, ask: Ask, *, timeout: float) -> Any:
    """Return what `ask` finds, or raise what it raises.

    `key` names the question within its request. Raises NoPlace where too many wait for
    answers, and Unasked, which the view lets pass. What is no request waits here.
    """
    outcomes = _outcomes.get()
    if outcomes is None:
        return event_loop.run(ask(), timeout=timeout)
    if key not in outcomes:
        raise Unasked(key, ask)
    if isinstance(outcomes[key], Exception):
        raise outcomes[key]
    return outcomes[key]


@contextmanager
def asking() -> Iterator[None]:
    """Have requests that are run in this block end with `Unasked` where they ask."""
    token = _outcomes.set({})
    try:
        yield
    finally:
        _outcomes.reset(token)


class Asking(HttpResponse):
    """In place of an answer: what its request has to know first."""

    def __init__(self, unasked: Unasked, who: Hashable) -> None:
        super().__init__()
        self._unasked, self._who = unasked, who

    async def ask(self) -> None:
        """Wait for the answer, and note it, or why there is none."""
        outcomes = _outcomes.get()
        assert outcomes is not None  # noqa: S101 - only `asking` makes one of these
        try:
            async with _places.place(self._who, at_once=True):
                outcomes[self._unasked.key] = await self._unasked.ask()
        except Exception as exc:
            outcomes[self._unasked.key] = exc


class Later(StreamingHttpResponse):
    """An answer that `begin` finds in the event loop, before anything of it is sent."""

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
