"""The hook of a task, and the changes that it is told."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Case, F, When
from django.db.models.fields import DateTimeField

from mjproxy.lib.validators.addresses import WrongAddress, parts_of
from tasks.enums import TaskStatus
from tasks.models import Task

# Stands for the host of an address that can never be called.
NO_HOST: Final = "?"
_NOT_TOLD: Final = frozenset({TaskStatus.NOT_START, TaskStatus.MODAL})
_PORTS: Final = {"http": 80, "https": 443}


def hook_of(task: Task) -> str:
    """Return the address that is called for a task, or ""."""
    return task.notify_hook or task.operator_hook


def host_of(url: str) -> str:
    """Return the host and port of a hook, or `NO_HOST`; "" if there is no hook."""
    if not url:
        return ""
    try:
        parts = parts_of(url)
    except WrongAddress:
        return NO_HOST
    return f"{parts.host}:{parts.port or _PORTS[parts.scheme]}"


def may_have_news(task: Task) -> bool:
    """Tell whether a change of a task may be news for its hook."""
    return bool(task.hook_host) and task.status not in _NOT_TOLD


def is_told(status: TaskStatus) -> bool:
    """Tell whether hooks are called for a move to `status`."""
    return status not in _NOT_TOLD


def news(due_at: Any) -> dict[str, Any]:
    """Return the columns that a move writes, so that its hook is called at `due_at`.

    Write them before `revision`: MySQL assigns from left to right.
    """
    return {
        "hook_revision": F("revision") + 1,
        "hook_due_at": Case(
            When(hook_host="", then=None),
            default=due_at,
            output_field=DateTimeField(),
        ),
        "hook_attempts": 0,
    }
