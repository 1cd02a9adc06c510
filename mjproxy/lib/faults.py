"""Unforeseen errors: counted for each piece of work; after a few the work ends.

Foreseen errors, such as a host that does not answer or a database that is away, are
handled at their place and tried again. An unforeseen error would probably return at
every try, for hours. So the work is tried a few times with growing pauses, its
traceback is logged once, and then it is given up with a reason.
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
# The database is away or busy, so the error says nothing about the work.
AWAY: Final = (OperationalError, InterfaceError)

_streaks: Final = backoff.Streaks()
_rests: Final[dict[tuple[str, int], float]] = {}


@dataclass(frozen=True)
class Work:
    """A piece of work: its name in the log, and the function that gives it up."""

    name: str
    pk: int
    give_up: Callable[[int, str], object] | None = None

    @property
    def key(self) -> tuple[str, int]:
        return self.name, self.pk

    def __str__(self) -> str:
        return f"{self.name} {self.pk}"


def reason_of(error: BaseException) -> str:
    """Return the part of an error that people may read; its details are in the log."""
    if isinstance(error, UndecryptableSecret):
        return f"密钥无法解密 / {error} fits no encryption key: enter it again"
    kind = type(error).__name__
    return f"内部错误 / an unforeseen error ({kind}); the server's log has the details"


def is_resting(work: Work) -> bool:
    """Tell whether the work has just failed and must not be tried yet."""
    return time.monotonic() < _rests.get(work.key, 0.0)


def rest(work: Work, seconds: float) -> None:
    """Let work rest that waits for a person; this counts no error."""
    _rests[work.key] = time.monotonic() + seconds


def note(work: Work, error: BaseException) -> bool:
    """Count a caught error; return whether the work must be given up now."""
    if isinstance(error, AWAY):
        said = "%s: the database failed: %s, it is tried again later"
        logger.warning(said, work, _line(error), extra={"error": error})
        return False
    count = _streaks.again(work.key)
    if count == 1:
        logger.error(
            "%s: unforeseen error, it is tried again later", work, exc_info=error
        )
    elif count <= MOST:
        then = (
            "given up" if work.give_up and count == MOST else "it is tried again later"
        )
        logger.warning("%s: %s, %s", work, _line(error), then)
    if len(_rests) > _streaks.most:
        _rests.clear()
    _rests[work.key] = time.monotonic() + backoff.delay(count, first=2.0)
    return count >= MOST


def over(work: Work) -> None:
    """Forget the errors of work that succeeded or has ended."""
    _streaks.over(work.key)
    _rests.pop(work.key, None)


def forget() -> None:
    """Forget the errors of all work."""
    _streaks.forget()
    _rests.clear()


def guard(work: Work, doing: Callable[[int], object]) -> None:
    """Do a piece of work in this thread; catch and count its errors."""
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
    """Do a piece of work in this loop; catch and count its errors.

    Use `at_once` for claimed work: its rest was checked before the claim.
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
    """Count a caught error; give the work up if it is one too many.

    Returns the rest of the work in seconds.
    """
    if note(work, error) and work.give_up is not None:
        try:
            work.give_up(work.pk, reason_of(error))
        except Exception as exc:
            said = "%s: could not be given up yet: %s"
            logger.warning(said, work, _line(exc), extra={"error": exc})
        else:
            over(work)
    return timedelta(seconds=max(0.0, _rests.get(work.key, 0.0) - time.monotonic()))


def step(doing: Callable[..., object], *args: object) -> None:
    """Do one step of a round; log its errors, so that the next steps follow."""
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
