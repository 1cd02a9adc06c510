"""Listener of a worker: takes nudges out of Redis and starts their work.

It runs in a thread of its own with a connection of its own. redis-py's asyncio client
would cost four times the processor time for each nudge.

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
from django.db import close_old_connections

from mjproxy.lib.db import clock
from mjproxy.lib.process import nudge
from mjproxy.lib.process.watchdog import watch
from mjproxy.redis.broker import AGAIN, DEAF
from mjproxy.redis.nudged_work import NudgedWork

logger = logging.getLogger(__name__)

LISTENER: Final = "nudges"  # name of this thread in the watchdog
WAIT: Final = 1  # seconds that Redis waits for a nudge
PATIENCE: Final = 3.0  # seconds within which Redis must answer
MOST: Final = 200  # nudges taken at a time
LAST: Final = 2.0  # seconds that work has to end when the worker ends


class Listener:
    """Takes the nudges of some queues; several may share the queues."""

    def __init__(self, queues: list[str], work: NudgedWork) -> None:
        self._keys = [nudge.key_of(queue) for queue in queues]
        self._work = work
        self._connection = nudge.connection_to_redis(answers_within=PATIENCE)
        self._heard_at = 0.0
        self._is_old = False  # a Redis before 7
        self._trouble = ""
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._listen, name=LISTENER, daemon=True)

    def start(self) -> None:
        watch.require(LISTENER, self._excuse)
        self._thread.start()

    def hears(self) -> bool:
        """Tell whether this worker would get a nudge now."""
        return time.monotonic() - self._heard_at < DEAF

    def stop(self) -> None:
        """Take no more, wait for what runs, give back what has not ended in time."""
        self._ending.set()
        self._thread.join(PATIENCE + WAIT)
        left = self._work.end(LAST)
        if left and not self._thread.is_alive():
            try:
                nudge.put(self._connection, left)
            except (redis.RedisError, OSError) as exc:
                logger.warning("%s nudges are lost: %s", len(left), exc)
        self._connection.disconnect()

    def _excuse(self, done: Callable[[], object]) -> None:
        if self._ending.is_set():
            done()  # it stands still on purpose

    def _listen(self) -> None:
        while not self._ending.is_set():
            watch.moved(LISTENER)
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
        members = self._take()
        self._heard_at = time.monotonic()
        if not members:
            return
        if self._ending.is_set() or not _clock_is_right():
            nudge.put(self._connection, members)
        else:
            self._work.start(members)

    def _take(self) -> list[str]:
        self._keys.append(self._keys.pop(0))  # each queue is the first one in turn
        found = self._take_first() if self._is_old else self._take_many()
        return [member.decode() for member in found]

    def _take_many(self) -> list[bytes]:
        command = ("BZMPOP", WAIT, len(self._keys), *self._keys, "MIN", "COUNT", MOST)
        try:
            found = self._ask(*command)
        except redis.ResponseError as exc:
            if "unknown command" not in str(exc):
                raise
            self._is_old = True
            return []
        return [member for member, _ in found[1]] if found else []

    def _take_first(self) -> list[bytes]:
        """Do the same with the commands of Redis 5 and 6, at a second round trip."""
        found = self._ask("BZPOPMIN", *self._keys, WAIT)
        if not found:
            return []
        key, member, _ = found
        return [member, *self._ask("ZPOPMIN", key, MOST)[::2]]

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
