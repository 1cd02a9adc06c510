"""Jobs: those that nudges start, and those of beat, which are Celery's.

Each gets ids at most, and may be lost or run twice. Network calls are made in the
background event loop, and no thread waits for them.
"""

from __future__ import annotations

from celery import shared_task

from mjproxy.lib import faults
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process import event_loop
from mjproxy.lib.process.nudge_handlers import on_end, on_nudge
from tasks.back_translation import to_translate, translate_back
from tasks.cleanup import retention
from tasks.moving import running
from tasks.moving.pictures import copying
from tasks.pictures import cdn, previews, store
from tasks.pictures.kept import brought, files, settling, trial
from tasks.swaps import queue, rows, steps
from tasks.webhooks import calls, picking

# --- for nudges ----------------------------------------------------------------------


@on_nudge("tasks.deliver_task", many=True)
async def deliver_tasks(task_ids: list[int]) -> None:
    """Start the next webhook call of each task."""
    await calls.look_at(task_ids)


@on_nudge("tasks.start_swaps", many=True)
async def start_swaps(task_ids: list[int]) -> None:
    """Start the face swaps that have a place; the given ones have come or ended."""
    await in_thread(queue.start_waiting)


on_nudge("tasks.attend_swap")(steps.attend)
on_nudge("tasks.keep_picture")(cdn.keep)
on_nudge("tasks.keep_preview")(previews.keep)
on_nudge("tasks.keep_brought")(brought.keep)
on_nudge("tasks.translate_back")(translate_back)
on_nudge("tasks.settle_file")(settling.settle)
on_nudge("tasks.test_storage")(trial.run)
on_nudge("tasks.move_in")(running.go_on)
on_end(calls.end)


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


@shared_task(name="tasks.translate_missing", ignore_result=True)
def translate_missing() -> None:
    """Translate final prompts back whose nudge was lost or whose last try failed."""
    faults.step(_translate_missing)


def _translate_missing() -> None:
    for task_id in to_translate():
        event_loop.spawn(translate_back(task_id))


@shared_task(name="tasks.move_swaps", ignore_result=True)
def move_swaps() -> None:
    """Start face swaps, and do their next steps, whose nudge was lost."""
    for step in (queue.start_waiting, _attend_swaps):
        faults.step(step)


def _attend_swaps() -> None:
    for task_id in rows.due_ones():
        event_loop.spawn(steps.attend(task_id))


@shared_task(name="tasks.settle_files", ignore_result=True)
def settle_files() -> None:
    """Go on with kept files: moves, thumbnails, removals, and what failed before."""
    faults.step(_settle_files)


def _settle_files() -> None:
    for file_id in files.due_files():
        event_loop.spawn(settling.settle(file_id))


@shared_task(name="tasks.go_on_moving", ignore_result=True)
def go_on_moving() -> None:
    """Go on with moving in, and with the pictures of moved tasks."""
    for step in (_go_on_moving, _copy_pictures):
        faults.step(step)


def _go_on_moving() -> None:
    for move_id in running.due_moves():
        event_loop.spawn(running.go_on(move_id))


def _copy_pictures() -> None:
    for _ in range(copying.AT_ONCE):
        event_loop.spawn(copying.go_on())


@shared_task(name="tasks.remove_old", ignore_result=True)
def remove_old() -> None:
    """Remove rows and files that are older than their limits."""
    faults.step(retention.remove_old)
