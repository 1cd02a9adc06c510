"""Together: statements that go to the database in one round trip."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, TypeVar

from django.conf import settings
from django.db import connection

IDLE: Final = 0  # libpq's number: no transaction is open
T = TypeVar("T")
_is_sent_later: ContextVar[bool] = ContextVar("is_sent_later", default=False)


@contextmanager
def together() -> Iterator[None]:
    """Send the statements of this block at once, where the database can (PostgreSQL).

    Read their results after the block. What they raise is raised by the block. If they
    are the first of a transaction, its BEGIN goes with them.
    """
    if connection.vendor != "postgresql" or not settings.COMPILED_QUERIES:
        yield
        return
    connection.ensure_connection()
    wrapped: Any = connection
    token = _is_sent_later.set(True)
    try:
        with wrapped.wrap_database_errors, _pipeline(wrapped.connection):
            yield
    finally:
        _is_sent_later.reset(token)


@contextmanager
def _pipeline(made: Any) -> Iterator[None]:
    """Open psycopg's pipeline, with a BEGIN of our own where one is due.

    Psycopg would wait for the answer to its BEGIN. It sends none with `autocommit`, and
    COMMIT and ROLLBACK in any case. Django sets `autocommit` after each transaction.
    """
    begins = not made.autocommit and made.info.transaction_status == IDLE
    if begins:
        made.autocommit = True
    with made.pipeline():
        if begins:
            made.execute("BEGIN")
        yield


def result_of(cursor: Any, read: Callable[[Any], T]) -> Callable[[], T]:
    """Return a function that returns what `read` finds in a cursor.

    Call it after the block of `together`. Outside of one the cursor is read and closed
    now: on SQLite one with rows left would keep its connection at an old state of the
    database, for as long as anything refers to it.
    """

    def found() -> T:
        with cursor:
            return read(cursor)

    if _is_sent_later.get():
        return found
    value = found()
    return lambda: value
