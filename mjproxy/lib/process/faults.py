"""Unforeseen errors: counted for each piece of work; after a few the work ends.

What is foreseen, a host that does not answer or a database that is away, is handled
where it happens and tried again. What nobody foresaw would most likely happen at every
try, for hours: so it is tried a few times with growing pauses, told once in the log
with its traceback, and then the work is given up with a reason.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import InterfaceError, OperationalError

from mjproxy.lib.db.encrypted_field import UndecryptableSecret
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process import backoff

logger = logging.getLogger(__name__)

MOST: Final = 3
# The database is away or busy: that says nothing against the work.
AWAY: Final = (OperationalError, InterfaceError)

_streaks: Final = backoff.Streaks()
_rests: Final[dict[tuple[str, int], float]] = {}


@dataclass(frozen=True)
class Work:
    """A piece of work, by what the log calls it, and what ends it with a reason."""

    name: str
    pk: int
    give_up: Callable[[int, str], object] | None = None

    @property
    def key(self) -> tuple[str, int]:
        return self.name, self.pk

    def __str__(self) -> str:
        return f"{self.name} {self.pk}"


def reason_of(error: BaseException) -> str:
    """Return what people may read of an error; its details are in the log."""
    if isinstance(error, UndecryptableSecret):
        return f"密钥无法解密 / {error} fits no encryption key: enter it again"
    kind = type(error).__name__
    return f"内部错误 / an unforeseen error ({kind}); the server's log has the details"


def is_resting(work: Work) -> bool:
    """Tell whether the work has just failed, and is not to be tried yet."""
    return time.monotonic() < _rests.get(work.key, 0.0)


def rest(work: Work, seconds: float) -> None:
    """Let work rest that waits for a person: nothing of it is counted."""
    _rests[work.key] = time.monotonic() + seconds


def note(work: Work, error: BaseException) -> bool:
    """Count an error that was caught; return whether the work is to be given up now."""
    if isinstance(error, AWAY):
        said = "%s: the database: %s, again later"
        logger.warning(said, work, _line(error), extra={"error": error})
        return False
    count = _streaks.again(work.key)
    if count == 1:
        logger.error("%s: unforeseen error, again later", work, exc_info=error)
    elif count <= MOST:
        then = "given up" if work.give_up and count == MOST else "again later"
        logger.warning("%s: %s, %s", work, _line(error), then)
    if len(_rests) > _streaks.most:
        _rests.clear()
    _rests[work.key] = time.monotonic() + backoff.delay(count, first=2.0)
    return count >= MOST


def over(work: Work) -> None:
    """Forget the errors of work that went well, or has ended."""
    _streaks.over(work.key)
    _rests.pop(work.key, None)


def forget() -> None:
    """Forget the errors of all work."""
    _streaks.forget()
    _rests.clear()


def guard(work: Work, doing: Callable[[int], object]) -> None:
    """Do a piece of work in this thread; no error leaves."""
    if is_resting(work):
        return
    try:
        doing(work.pk)
    except Exception as exc:
        settle(work, exc)
    else:
        over(work)


async def watch(
    work: Work, doing: Callable[[int], Awaitable[object]], *, at_once: bool = False
) -> None:
    """Do a piece of work in this loop; no error leaves.

    `at_once` for what has been claimed: its rest was heeded before.
    """
    if is_resting(work) and not at_once:
        return
    try:
        await doing(work.pk)
    except Exception as exc:
        await in_thread(settle, work, exc)
    else:
        over(work)


def settle(work: Work, error: Exception) -> timedelta:
    """Count an error that was caught; give the work up where it is one too many.

    Returns how long the work rests.
    """
    if note(work, error) and work.give_up is not None:
        try:
            work.give_up(work.pk, reason_of(error))
        except Exception as exc:
            said = "%s: not given up yet: %s"
            logger.warning(said, work, _line(exc), extra={"error": exc})
        else:
            over(work)
    return timedelta(seconds=max(0.0, _rests.get(work.key, 0.0) - time.monotonic()))


def step(doing: Callable[..., object], *args: object) -> None:
    """Do one step of a round; whatever comes of it, the next steps follow."""
    named = [each.__name__ for each in (doing, *args) if hasattr(each, "__name__")]
    work = Work(" ".join(named), 0)
    try:
        doing(*args)
    except Exception as exc:
        note(work, exc)
    else:
        over(work)


def _line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
