"""Keep the newest preview of each running task, if the operator wants that.

Discord's link of a preview ends when Midjourney removes its message. A task has one
kept preview: a newer one takes its place, and the end of the task removes it. A job
fetches it, so no event waits. The claim in the row lets one worker at a time fetch for
a task; previews that have been overtaken meanwhile are never fetched.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from typing import Final

from mjproxy.lib import faults
from mjproxy.lib.db.claim import claim
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.faults import Work
from mjproxy.lib.process.nudge import nudge
from tasks.enums import TERMINAL, TaskStatus
from tasks.models import KeptPreview, Task
from tasks.pictures import cdn, store
from tasks.snapshots import storage_settings

logger = logging.getLogger(__name__)

CLAIM: Final = timedelta(minutes=2)  # longer than a download


def wants_keeping(task: Task) -> bool:
    """Tell whether the preview of a changed task is to be kept."""
    is_drawn = task.status == TaskStatus.IN_PROGRESS and task.preview_source
    return bool(is_drawn and is_on())


def is_on() -> bool:
    """Tell whether previews are kept."""
    return storage_settings().keep_previews


async def keep(task_id: int) -> None:
    """Keep the newest preview of a task, unless another worker is about to."""
    await faults.watch(Work("preview of task", task_id), _keep)


async def _keep(task_id: int) -> None:
    if not await in_thread(_claim, task_id):
        return
    done = ""
    try:
        while (source := await in_thread(_wanted, task_id)) not in ("", done):
            done = source
            await _fetch(task_id, source)
    finally:
        await in_thread(_leave, task_id)
    # One that came after the last look had its nudge refused by our claim.
    if await in_thread(_wanted, task_id) not in ("", done):
        nudge("tasks.keep_preview", task_id, hurry=False)


def _claim(task_id: int) -> bool:
    if not _wanted(task_id):
        return False
    KeptPreview.objects.get_or_create(task_id=task_id)
    return bool(claim(KeptPreview.objects.filter(task=task_id), "next_at", CLAIM))


def _leave(task_id: int) -> None:
    KeptPreview.objects.filter(task=task_id).update(next_at=None)


def _wanted(task_id: int) -> str:
    """Return the link of the preview that is to be kept and is not yet, or ""."""
    if not is_on():
        return ""
    rows = Task.objects.filter(pk=task_id, status=TaskStatus.IN_PROGRESS)
    source = rows.values_list("preview_source", flat=True).first() or ""
    is_kept = source and _file(task_id).startswith(store.preview_name(source))
    return "" if is_kept else source


def _file(task_id: int) -> str:
    rows = KeptPreview.objects.filter(task=task_id).values_list("file", flat=True)
    return rows.first() or ""


async def _fetch(task_id: int, source: str) -> None:
    try:
        found = await cdn.download(source, "previews")
    except (store.UnknownSource, cdn.CdnError, OSError) as exc:
        logger.info("task %s: a preview is not kept: %s", task_id, exc)
        return
    await in_thread(_replace, task_id, found.path.name)


def _replace(task_id: int, name: str) -> None:
    """Let a fetched file be the preview of a task; remove the one before."""
    old = _file(task_id)
    rows = KeptPreview.objects.filter(task=task_id)
    running = Task.objects.filter(pk=task_id, status=TaskStatus.IN_PROGRESS)
    is_kept = running.exists() and rows.update(file=name)
    _remove(old if is_kept else name)


def _remove(name: str) -> None:
    """Remove a file unless it is the preview of a task: two may have the same one."""
    if name and not KeptPreview.objects.filter(file=name).exists():
        store.remove_preview(name)


def path_of(task_id: int) -> Path | None:
    """Return the file of the preview that is kept for a task, or None."""
    name = _file(task_id)
    return store.preview_path(name) if name else None


def drop(task_id: int) -> None:
    """Remove the kept preview of a task that is over, if it has one."""
    name = _file(task_id)
    KeptPreview.objects.filter(task=task_id).delete()
    _remove(name)


def drop_ended() -> int:
    """Remove the kept previews of all tasks that are over; return how many."""
    rows = KeptPreview.objects.filter(task__status__in=TERMINAL)
    ended = list(rows.values_list("task", flat=True))
    for task_id in ended:
        drop(task_id)
    return len(ended)
