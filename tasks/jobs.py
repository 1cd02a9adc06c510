"""Jobs: those that nudges start, and those of beat, which are Celery's.

Each gets ids at most, and may be lost or run twice. Network calls are made in the
background event loop, and no thread waits for them.
"""

from __future__ import annotations

from celery import shared_task

from mjproxy.lib import faults
from mjproxy.lib.process import event_loop
from mjproxy.lib.process.nudge_handlers import on_nudge
from tasks.cleanup import retention
from tasks.pictures import cdn, store
from tasks.webhooks import calls, picking

# --- for nudges ----------------------------------------------------------------------


@on_nudge("tasks.deliver_task", many=True)
async def deliver_tasks(task_ids: list[int]) -> None:
    """Start the next webhook call of each task."""
    calls.wake(task_ids)


on_nudge("tasks.keep_picture")(cdn.keep)


# --- at fixed times, by beat ---------------------------------------------------------


@shared_task(name="tasks.deliver_due", ignore_result=True)
def deliver_due() -> None:
    """Start the webhook calls that are due, including those whose nudge was lost."""
    faults.step(_deliver_due)


def _deliver_due() -> None:
    if receivers := picking.due_receivers():
        event_loop.spawn(calls.start_all(receivers))


@shared_task(name="tasks.keep_missing", ignore_result=True)
def keep_missing() -> None:
    """Store pictures whose nudge was lost or whose last try failed."""
    faults.step(_keep_missing)


def _keep_missing() -> None:
    for task_id in store.to_keep():
        event_loop.spawn(cdn.keep(task_id))


@shared_task(name="tasks.remove_old", ignore_result=True)
def remove_old() -> None:
    """Remove rows and files that are older than their limits."""
    faults.step(retention.remove_old)
