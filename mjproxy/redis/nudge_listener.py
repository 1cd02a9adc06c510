"""Listeners of a worker: take nudges out of Redis and start their work.

One for each queue, because the work of one runs in threads and that of the other in the
event loop, and each takes only as many nudges as there is room for. It runs in a thread
of its own with a connection of its own. redis-py's asyncio client would cost four times
the processor time for each nudge.

Redis answers each question within a second, even if there is no nudge. So an answer
that does not come within three means that the connection is broken.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Final

import redis
from django.conf import settings
from django.db import close_old_connections

from mjproxy.lib.db import clock
from mjproxy.lib.process import nudge
from mjproxy.lib.process.watchdog import watch
from mjproxy.redis.broker import AGAIN, DEAF
from mjproxy.redis.nudged_work import NudgedWork

logger = logging.getLogger(__name__)

LISTENER: Final = "nudges"  # begin of the names of these threads in the watchdog
WAIT: Final = 1  # seconds that Redis waits for a nudge
PATIENCE: Final = 3.0  # seconds within which Redis must answer
LAST: Final = 2.0  # seconds that work has to end when the worker ends
AFTER: Final = 1.0  # seconds that the apps have then to store results


class Listeners:
    """The listeners of all queues that a worker serves."""

    def __init__(self, queues: list[str], work: NudgedWork) -> None:
        self._work = work
        self._each = [Listener(queue, work) for queue in queues]

    def start(self) -> None:
        for each in self._each:
            each.start()

    def hears(self) -> bool:
        """Tell whether this worker would get a nudge of each queue now."""
        return all(each.hears() for each in self._each)

    def stop(self) -> None:
        """Take no more, wait for what runs, give back what has not ended in time."""
        for each in self._each:
            each.end()
        for each in self._each:
            each.join()
        left = self._work.end(LAST)
        self._work.finish(AFTER)
        for each in self._each:
            left -= each.give_back(left)
            each.close()


class Listener:
    """Takes the nudges of a queue; other workers may do so too."""

    def __init__(self, queue: str, work: NudgedWork) -> None:
        self._key, self._work = nudge.key_of(queue), work
        self._name = f"{LISTENER} of {queue}"
        self._in_loop = queue not in settings.NUDGE_QUEUES.values()
        self._connection = nudge.connection_to_redis(answers_within=PATIENCE)
        self._heard_at = 0.0
        self._is_old = False  # a Redis before 7
        self._trouble = ""
        self._ending = threading.Event()
        self._thread = threading.Thread(
            target=self._listen, name=self._name, daemon=True
        )

    def start(self) -> None:
        watch.require(self._name, self._excuse)
        self._thread.start()

    def hears(self) -> bool:
        return time.monotonic() - self._heard_at < DEAF

    def end(self) -> None:
        self._ending.set()

    def join(self) -> None:
        self._thread.join(PATIENCE + WAIT)

    def give_back(self, members: set[str]) -> set[str]:
        """Put nudges of any queue back, unless the connection is in use or broken."""
        if not members or self._thread.is_alive():
            return set()
        try:
            nudge.put(self._connection, members)
        except (redis.RedisError, OSError) as exc:
            logger.warning("%s nudges are not put back: %s", len(members), exc)
            return set()
        return members

    def close(self) -> None:
        self._connection.disconnect()

    def _excuse(self, done: Callable[[], object]) -> None:
        if self._ending.is_set():
            done()  # it stands still on purpose

    def _listen(self) -> None:
        while not self._ending.is_set():
            watch.moved(self._name)
            try:
                self._take_and_start()
                self._trouble = ""
            except Exception as exc:
                self._tell(exc)
                self._ending.wait(AGAIN)

    def _take_and_start(self) -> None:
        if not _clock_is_right():
            self._ending.wait(AGAIN)
            return
        room = self._work.room(WAIT, in_loop=self._in_loop)
        if room:
            members = self._take(room)
        else:
            members = []
            self._ask("PING")
        self._heard_at = time.monotonic()
        if not members:
            return
        if self._ending.is_set() or not _clock_is_right():
            nudge.put(self._connection, members)
        else:
            self._work.start(members)

    def _take(self, most: int) -> list[str]:
        found = self._take_first(most) if self._is_old else self._take_many(most)
        return [member.decode() for member in found]

    def _take_many(self, most: int) -> list[bytes]:
        try:
            found = self._ask("BZMPOP", WAIT, 1, self._key, "MIN", "COUNT", most)
        except redis.ResponseError as exc:
            if "unknown command" not in str(exc):
                raise
            self._is_old = True
            return []
        return [member for member, _ in found[1]] if found else []

    def _take_first(self, most: int) -> list[bytes]:
        """Do the same with the commands of Redis 5 and 6, at a second round trip."""
        found = self._ask("BZPOPMIN", self._key, WAIT)
        if not found:
            return []
        more = self._ask("ZPOPMIN", self._key, most - 1)[::2] if most > 1 else []
        return [found[1], *more]

    def _ask(self, *command: Any) -> Any:
        self._connection.send_command(*command)
        return self._connection.read_response()

    def _tell(self, exc: Exception) -> None:
        """Log an error once as long as it is the same; the outage's log counts it."""
        if (trouble := repr(exc)) != self._trouble:
            self._trouble = trouble
            logger.warning("no nudges are heard: %r", exc, extra={"error": exc})


def _clock_is_right() -> bool:
    close_old_connections()
    return clock.is_right()
