"""Calling what runs in other processes, and waiting for it."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, Final, TypeVar

LIMIT: Final = 120.0  # seconds: a test that waits longer has failed
# Seconds between two looks: short at first, for what comes soon, and then longer: looks
# cost processor time, which the awaited work needs.
FIRST_PAUSE: Final = 0.02
LONGEST_PAUSE: Final = 0.2
T = TypeVar("T")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def call(
    method: str,
    url: str,
    body: Any = None,
    headers: dict[str, str] | None = None,
    *,
    timeout: float = 30,
) -> tuple[int, bytes]:
    """Send one request; return status and body, for error statuses too."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310
        url,
        data=data,
        method=method,
        headers={"Content-Type": "application/json", **(headers or {})},
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:  # noqa: S310
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def eventually(look: Callable[[], T | None], *, what: str, limit: float = LIMIT) -> T:
    """Return the first true answer of `look`, which is asked again and again."""
    tick, pause = threading.Event(), FIRST_PAUSE
    end = time.monotonic() + limit
    while time.monotonic() < end:
        try:
            if found := look():
                return found
        except (OSError, ValueError):
            pass  # a process is on its way up or down
        tick.wait(pause)
        pause = min(1.3 * pause, LONGEST_PAUSE)
    raise AssertionError(f"not seen within {limit:g} s: {what}")
