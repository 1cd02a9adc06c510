"""Presence of the client: does it still wait for the answer to this request."""

from __future__ import annotations

import threading
from contextvars import ContextVar, Token
from typing import Final

_left: Final[ContextVar[threading.Event | None]] = ContextVar("left", default=None)


def begin() -> tuple[threading.Event, Token[threading.Event | None]]:
    """Begin a request; the caller sets the event once the client has gone."""
    left = threading.Event()
    return left, _left.set(left)


def end(token: Token[threading.Event | None]) -> None:
    _left.reset(token)


def has_left() -> bool:
    """Tell whether the client has gone; False outside of requests."""
    left = _left.get()
    return left is not None and left.is_set()
