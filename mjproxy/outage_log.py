"""Log filter: one line when Redis or the database goes away, one when it is back.

Each failing call would write its own line, thousands in a minute. They are counted
instead. The filter looks at the exception of a record, whatever its logger.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

REDIS, DATABASE = "Redis", "The database"
LOOK_EVERY: Final = 1.0  # seconds
QUIET: Final = 2.0  # seconds without an error before it counts as back

logger = logging.getLogger(__name__)

# By name, because beat reads this too and does not load Django.
_REDIS_ERRORS: Final = {
    ("redis.exceptions", "ConnectionError"),
    ("redis.exceptions", "TimeoutError"),
    ("kombu.exceptions", "OperationalError"),
}
_DRIVERS: Final = ("OperationalError", "InterfaceError")
# MySQL's codes: gone, lost, refused, too many, shutting down.
_MYSQL_AWAY: Final = {1040, 1053, 1152, 1159, 1161, 2002, 2003, 2005, 2006, 2013, 4031}


class Outage:
    """State of one service in this process: away or not."""

    def __init__(self, name: str, answers: Callable[[], object]) -> None:
        self.name, self.answers = name, answers
        self.count = 0  # number of errors; 0 while all is well
        self._began = self._last = 0.0
        self._lock = threading.Lock()

    def met(self) -> bool:
        """Count an error; return whether it is the first."""
        with self._lock:
            self._last = time.monotonic()
            self.count += 1
            if self.count > 1:
                return False
            self._began = self._last
        threading.Thread(target=self._watch, name="outage", daemon=True).start()
        return True

    def _watch(self) -> None:
        while not self._is_over():
            time.sleep(LOOK_EVERY)
        with self._lock:
            count, self.count = self.count, 0
        lasted = self._last - self._began
        said = "%s answers again, after %.0f s and %d errors"
        logger.warning(said, self.name, lasted, count)

    def _is_over(self) -> bool:
        if time.monotonic() - self._last < QUIET:
            return False
        try:
            self.answers()
        except Exception:
            return False
        return True


def _redis_answers() -> None:
    from mjproxy.lib.process import signs_of_life

    signs_of_life.client().ping()


def _database_answers() -> None:
    from django.db import connection

    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()


OUTAGES: Final = {
    REDIS: Outage(REDIS, _redis_answers),
    DATABASE: Outage(DATABASE, _database_answers),
}


class OutageFilter(logging.Filter):
    """Pass the first error of an outage as one line; count the others."""

    def filter(self, record: logging.LogRecord) -> bool:
        found = next(_found_in(record), None)
        if found is None:
            return not _is_answer(record)
        name, error = found
        if not OUTAGES[name].met():
            return False
        record.msg = "%s does not answer (%s); further errors are counted, not logged"
        record.args = (name, " ".join(f"{type(error).__name__}: {error}".split())[:300])
        record.exc_info = record.exc_text = None
        record.levelno, record.levelname = logging.ERROR, "ERROR"
        return True


def _is_answer(record: logging.LogRecord) -> bool:
    """Tell whether the record only reports a 503 answer during an outage."""
    status = getattr(record, "status_code", 0)
    return status == 503 and any(outage.count for outage in OUTAGES.values())


def _found_in(record: logging.LogRecord) -> Iterator[tuple[str, BaseException]]:
    carried: list[Any] = [getattr(record, "error", None)]
    if record.exc_info:
        carried.append(record.exc_info[1])
    if isinstance(record.args, tuple):
        carried += record.args
    for each in carried:
        if isinstance(each, BaseException):
            for error in _chain(each):
                if name := service_of(error):
                    yield name, error


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and the errors it was explicitly raised from.

    Not its context: a mistake made while an error is handled is a new error.
    """
    while error is not None:
        yield error
        by_beat = type(error).__name__ == "SchedulingError"  # which does not say
        error = error.__cause__ or (error.__context__ if by_beat else None)


def service_of(error: BaseException) -> str:
    """Return the service whose absence an error reports, or ""."""
    kinds = {(each.__module__, each.__name__) for each in type(error).__mro__}
    if kinds & _REDIS_ERRORS:
        return REDIS
    return DATABASE if _tells_of_no_database(error, kinds) else ""


def _tells_of_no_database(error: BaseException, kinds: set[tuple[str, str]]) -> bool:
    modules = {module for module, name in kinds if name in _DRIVERS}
    if "psycopg" in modules or "psycopg.errors" in modules:
        state = getattr(error, "sqlstate", None)
        return not state or state.startswith(("08", "53", "57P"))
    if ("mjproxy.db.connection_gate", "Away") in kinds:
        return True
    if any(module.startswith("MySQLdb") for module in modules):
        return bool(error.args) and error.args[0] in _MYSQL_AWAY
    return False
