"""Client disconnect: whether a request's client has closed its connection."""

from __future__ import annotations

import threading
from contextvars import ContextVar, Token
from typing import Final

_event: Final[ContextVar[threading.Event | None]] = ContextVar(
    "disconnected", default=None
)


def start_tracking() -> tuple[threading.Event, Token[threading.Event | None]]:
    """Start a request; the caller sets the event when the client disconnects."""
    disconnected = threading.Event()
    return disconnected, _event.set(disconnected)


def stop_tracking(token: Token[threading.Event | None]) -> None:
    _event.reset(token)


def has_disconnected() -> bool:
    """Tell whether the client has disconnected; False outside of requests."""
    disconnected = _event.get()
    return disconnected is not None and disconnected.is_set()
