"""What a worker does when it takes a nudge."""

from __future__ import annotations

from typing import Any

from gateway import jobs as gateway_jobs
from mjproxy.lib.process import event_loop
from mjproxy.lib.process.nudge_handlers import handlers
from tasks import jobs as tasks_jobs

# Modules that register what nudges start.
_REGISTERED = (gateway_jobs, tasks_jobs)


def do(job: str, *ids: int) -> None:
    """Do what nudges ask for, and wait for its end."""
    handler = handlers[job]
    arguments: list[Any] = [list(ids)] if handler.takes_many else list(ids)
    for argument in arguments:
        if handler.is_async:
            event_loop.run(handler.function(argument))
        else:
            handler.function(argument)
