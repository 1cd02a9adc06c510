"""Repeat transactions that the database has rolled back because of a deadlock.

PostgreSQL has deadlocks now and then, MySQL often; SQLite has one writer and none. The
database has then undone the whole transaction, so it is safe to run it again.
"""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVar

from django.db import OperationalError, connection
from django.db.backends.signals import connection_created

P = ParamSpec("P")
T = TypeVar("T")

TRIES: Final = 6
_PAUSE: Final = 0.02  # seconds at most before the second try; then doubled
_MYSQL: Final = {1205, 1213}  # lock wait timeout, deadlock
_POSTGRES: Final = {"40001", "40P01"}  # serialization failure, deadlock


def is_deadlock(exc: OperationalError) -> bool:
    """Tell whether the database has rolled back because of a deadlock."""
    code = exc.args[0] if exc.args else None
    return code in _MYSQL or getattr(exc.__cause__, "sqlstate", None) in _POSTGRES


def again_after_deadlock(function: Callable[P, T]) -> Callable[P, T]:
    """Run a function that is one transaction; repeat it after a deadlock.

    Inside another transaction it runs once, because the outer one is undone as well.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        if connection.in_atomic_block:
            return function(*args, **kwargs)
        return _again(lambda: function(*args, **kwargs))

    return run


def _again(call: Callable[[], T]) -> T:
    for number in range(1, TRIES):
        try:
            return call()
        except OperationalError as exc:
            if not is_deadlock(exc):
                raise
        time.sleep(random.uniform(0, _PAUSE * 2**number))  # noqa: S311
    return call()


def _run_statement(
    execute: Callable[..., Any], sql: Any, params: Any, many: Any, context: Any
) -> Any:
    """Run a statement; repeat it if it is a transaction of its own."""
    if context["connection"].in_atomic_block:
        return execute(sql, params, many, context)
    return _again(lambda: execute(sql, params, many, context))


def _watch(connection: Any, **_: Any) -> None:
    wrappers = connection.execute_wrappers
    if connection.vendor != "sqlite" and _run_statement not in wrappers:
        wrappers.append(_run_statement)


def watch_connections() -> None:
    """Make every connection opened from now on repeat such statements."""
    connection_created.connect(_watch, dispatch_uid="mjproxy.lib.db.deadlocks")
