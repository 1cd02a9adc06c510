"""Actors: who makes the changes of a request or command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

BY_COMMAND: Final = "command"


@dataclass(frozen=True)
class Actor:
    """An operator or a command, and from where they act: an address or BY_COMMAND."""

    name: str
    origin: str
    user_id: int | None = None


_find: ContextVar[Callable[[], Actor | None] | None] = ContextVar("actor", default=None)


@contextmanager
def acting(find: Callable[[], Actor | None]) -> Iterator[None]:
    """Let `find` say who acts in this block; it is asked when something is changed."""
    token = _find.set(find)
    try:
        yield
    finally:
        _find.reset(token)


def current() -> Actor | None:
    """Return who acts now; None for the product itself and for other users."""
    find = _find.get()
    return find() if find else None
