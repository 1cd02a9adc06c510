"""Hosts that fail, in this process: they rest, and are given up after many failures."""

from __future__ import annotations

import time
from typing import Final

from mjproxy.lib.process import backoff
from mjproxy.lib.process.backoff import Streaks
from tasks.moving import timing

_streaks: Final = Streaks()
_rests: Final[dict[str, float]] = {}  # until when, of the monotonic clock


def resting() -> list[str]:
    """Return the hosts that are left alone now."""
    now = time.monotonic()
    for host in [host for host, until in _rests.items() if until <= now]:
        del _rests[host]
    return list(_rests)


def failed(host: str) -> bool:
    """Let a host rest that has failed; return whether to give it up.

    Failures of tries at the same time count once.
    """
    if host in resting():
        return False
    count = _streaks.again(host)
    if count > len(timing.HOST_RESTS):
        works(host)
        return True
    pause = backoff.about(timing.HOST_RESTS[count - 1])
    _rests[host] = time.monotonic() + pause.total_seconds()
    return False


def works(host: str) -> None:
    """Forget the failures of a host."""
    _streaks.over(host)
    _rests.pop(host, None)


def forget() -> None:
    """Forget the failures of all hosts."""
    _streaks.forget()
    _rests.clear()
