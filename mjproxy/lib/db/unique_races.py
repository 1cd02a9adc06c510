"""Two that write the same at one moment: the second is told so in plain words."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import IntegrityError

P = ParamSpec("P")
R = TypeVar("R")


def checked_again(service: Callable[P, R]) -> Callable[P, R]:
    """Run a service once more where the database has refused its row.

    Its own checks came before somebody else's commit; now they see it, and refuse with
    words. The service must be atomic by itself.
    """

    @wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return service(*args, **kwargs)
        except IntegrityError:
            return service(*args, **kwargs)

    return run
