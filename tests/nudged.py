"""What a worker does when it takes a nudge."""

from __future__ import annotations

from gateway import jobs as gateway_jobs
from mjproxy.lib.process import event_loop
from mjproxy.lib.process.nudge_handlers import handlers
from tasks import jobs as tasks_jobs

# Modules that register what nudges start.
_REGISTERED = (gateway_jobs, tasks_jobs)


def do(job: str, *ids: int) -> None:
    """Do what nudges ask for, and wait for its end."""
    handler = handlers[job]
    for argument in handler.arguments(list(ids)):
        if handler.is_async:
            event_loop.run(handler.function(argument))
        else:
            handler.function(argument)
