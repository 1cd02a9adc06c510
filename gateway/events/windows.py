"""Note that a button's window has opened, or that none did.

`gateway.sending.window_answers` answers it.
"""

from __future__ import annotations

import logging
from datetime import datetime

from accounts.state.notes import note_remix
from gateway import timing
from gateway.events.matching import moment_of
from gateway.protocol import modals
from gateway.protocol.shapes import Opened
from gateway.sending import window_answers
from gateway.sending.bodies import prompt_to_send
from tasks import custom_ids
from tasks.enums import BotType, WindowState
from tasks.models import Task
from tasks.models.task_changes import TaskChanges
from tasks.services import fail, learn
from tasks.submit import limits

logger = logging.getLogger(__name__)


def opened(task: Task, data: Opened) -> bool:
    """Record a task's open window; return True if it is to be answered now.

    An unexpected window is answered with its own text, because the owner asked only for
    the button.
    """
    if task.window == WindowState.ANSWERED or task.progress_message_id:
        return False
    modal = modals.read(data)
    facts: TaskChanges = {
        "window": WindowState.OPEN,
        "window_id": modal.window_id[:200],
        "window_field": modal.text_field[:100],
        "interaction_id": modal.interaction_id or task.interaction_id,
    }
    if task.window == WindowState.NONE:
        facts["prompt_en"] = modal.value or task.prompt_en
    _note_remix(task, on=True)
    if task.window != WindowState.NONE and _is_too_long(task, modal.max_length):
        return False
    return learn(task.pk, **facts)


def _is_too_long(task: Task, longest: int) -> bool:
    """End a task whose text is too long for its window; return whether it was."""
    text = prompt_to_send(task.account, task) if task.account else ""
    try:
        limits.check(text, longest or limits.FIELD)
    except limits.TooLong as exc:
        fail(task.pk, f"{window_answers.REFUSED}: {exc.zh} / {exc.en}")
        return True
    return False


def did_not_open(task: Task) -> TaskChanges:
    """Return the fields to write if a job started without its expected window."""
    if task.window != WindowState.EXPECTED:
        return {}
    logger.warning("task %s: the job started without opening a window", task.pk)
    _note_remix(task, on=False)
    return {"window": WindowState.NONE}


def _note_remix(task: Task, *, on: bool) -> None:
    """Record the bot's remix mode, which a remix button has shown."""
    button = custom_ids.parse(task.custom_id)
    if (
        task.account_id is None
        or button is None
        or button.kind.window is not custom_ids.Window.IF_REMIX
    ):
        return
    niji = task.bot_type == BotType.NIJI_JOURNEY
    note_remix(task.account_id, niji=niji, on=on, asked_at=task.claimed_at)


def is_lost(task: Task, now: datetime) -> bool:
    """Return whether the event of a window was missed.

    The wait begins when Discord has taken the press, which may be late.
    """
    before = now - timing.WINDOW_PATIENCE
    seen = task.interaction_id or ""
    taken_at = moment_of(int(seen)) if seen.isdecimal() else None
    return bool(
        task.window == WindowState.EXPECTED
        and not (task.progress_message_id or task.job_id)
        and (taken_at and taken_at < before)
        and (task.claimed_at and task.claimed_at < before)
    )


def find_again(task: Task) -> None:
    """Derive the window whose event was missed, or else press its button again."""
    found = custom_ids.window_of(task.custom_id, task.parent_message_id)
    if found is None:
        window_answers.press_again(task, "no window was seen")
        return
    window_id, text_field = found
    logger.warning("task %s: window id computed, because its event was missed", task.pk)
    learn(
        task.pk, window=WindowState.OPEN, window_id=window_id, window_field=text_field
    )
