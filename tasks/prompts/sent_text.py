"""Compose the prompt to send, with the speed that applies to it."""

from __future__ import annotations

from typing import Final

from accounts.enums import SpeedMode
from accounts.models import DiscordAccount
from tasks.enums import TaskAction, WindowState
from tasks.models import Task
from tasks.prompts import text

_PROMPTED: Final = frozenset({TaskAction.IMAGINE, TaskAction.VIDEO})


def sent_text(account: DiscordAccount, prompt: str, mode: str) -> str:
    """Return the prompt as this account sends it, for a task of speed `mode`."""
    return text.sent_prompt(
        prompt,
        task_mode=mode,
        account_mode=account.mode,
        allow_modes=account.allow_modes,
        fast_exhausted=account.fast_exhausted,
    )


def sends_prompt(task: Task) -> bool:
    """Tell whether a task sends a prompt, which can carry a speed flag."""
    if task.custom_id:
        return task.window != WindowState.NONE
    return task.action in _PROMPTED


def wanted_speed(account: DiscordAccount, task: Task) -> str:
    """Return the speed of a task on this account, "" if none is set."""
    asked = task.mode
    if account.allow_modes and asked not in account.allow_modes:
        asked = ""
    return SpeedMode.RELAX if account.fast_exhausted else account.mode or asked
