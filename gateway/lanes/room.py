"""Room of users: the lanes whose tasks may leave when another task is over."""

from __future__ import annotations

from accounts.limits.allowed import running_limits
from tasks.enums import TERMINAL, TaskStatus
from tasks.models import Task


def accounts_with_room_after(task: Task) -> list[int]:
    """Return other accounts whose tasks may leave because this one is over.

    They are tasks of the same user, if the number at once is limited.
    """
    if task.status not in TERMINAL or not running_limits({task.owner_id}):
        return []
    waiting = Task.objects.filter(owner=task.owner_id, status=TaskStatus.NOT_START)
    elsewhere = waiting.exclude(account=None).exclude(account=task.account_id)
    return list(elsewhere.order_by().values_list("account", flat=True).distinct())
