"""Jobs: what holds for all that a worker does."""

from __future__ import annotations

from typing import Any

from celery import Task

from mjproxy.lib.db import clock


class Job(Task):  # type: ignore[type-arg]
    """A job that is left undone where this machine's clock is wrong.

    It carried an id; the sweep of a worker whose clock is right finds the row.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return super().__call__(*args, **kwargs) if clock.is_right() else None
