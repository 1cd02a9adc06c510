"""What a worker does when it takes a nudge."""

from __future__ import annotations

# The modules of jobs say which function does what a nudge asks for.
import gateway.jobs  # noqa: F401
import tasks.jobs  # noqa: F401
from mjproxy.lib.process import event_loop
from mjproxy.lib.process.nudge_handlers import handlers


def do(job: str, *ids: int) -> None:
    """Do what nudges ask for, and wait for its end."""
    handler = handlers[job]
    for argument in handler.arguments(list(ids)):
        if handler.is_async:
            event_loop.run(handler.function(argument))
        else:
            handler.function(argument)
