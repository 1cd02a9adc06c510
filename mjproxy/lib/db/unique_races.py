"""Repeat a service after a unique constraint failed: its own checks explain it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import IntegrityError

P = ParamSpec("P")
R = TypeVar("R")


def checked_again(service: Callable[P, R]) -> Callable[P, R]:
    """Run a service once more if the database has refused its row.

    Its checks ran before another transaction committed. The second run sees that commit
    and refuses with a message. The service must be atomic by itself.
    """

    @wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return service(*args, **kwargs)
        except IntegrityError:
            return service(*args, **kwargs)

    return run
