"""Base class of all Celery jobs."""

from __future__ import annotations

from typing import Any

from celery import Task

from mjproxy.lib.db import clock


class Job(Task):  # type: ignore[type-arg]
    """Job that is skipped while this machine's clock is wrong.

    Beat starts it again soon, and perhaps in a worker whose clock is right.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return super().__call__(*args, **kwargs) if clock.is_right() else None
