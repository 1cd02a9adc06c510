"""Move or end the tasks and errands of accounts that draw no more.

Within seconds each moves to another account, or ends with the reason. A task waits on
only if it may still be drawn without a person's help, or by this account once a person
has helped it.
"""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.db.models import Case, Q, QuerySet, Value, When

from accounts.choice.pool_settings import pool
from accounts.enums import AccountState
from accounts.models import DiscordAccount
from accounts.states import LOST, TAKE_NEW
from mjproxy.lib.db.deadlocks import again_after_deadlock
from tasks.enums import RUNNING, SWAPS, BotType, ErrandState, TaskAction, TaskStatus
from tasks.errands import give_up
from tasks.exceptions import NoAccount, QueueFull
from tasks.models import Errand, Task
from tasks.services import CANCELLED, fail, reassign
from tasks.submit.account import Wanted, choose, may_come
from tasks.submit.button_account import owner_or_host
from tasks.submit.seat import SeatLost, take_chosen, take_seats

BATCH: Final = 200
MOST_WAITING: Final = 2000  # tasks that one sweep looks at
# Any account may draw these; a button belongs to the account of its message.
_MOVABLE: Final = frozenset(
    {
        TaskAction.IMAGINE,
        TaskAction.BLEND,
        TaskAction.DESCRIBE,
        TaskAction.SHORTEN,
        TaskAction.VIDEO,
    }
)
# An account that does not come back by itself.
GONE: Final = (
    Q(account=None) | Q(account__enabled=False) | Q(account__state__in=sorted(LOST))
)
_LOST: Final = GONE | ~Q(account__state__in=sorted(TAKE_NEW))
_ELSEWHERE: Final = Q(action__in=sorted(SWAPS))  # no account draws them
_SECRETS: Final = tuple(f"account__{name}" for name in DiscordAccount.SECRETS)
_Shape = tuple[object, ...]


def leave_lost_accounts() -> None:
    """Move or end the work of accounts that are off, deleted or lost."""
    _end_running()
    _end_windows()
    _move_waiting()
    _end_errands()


def why(account: DiscordAccount | None) -> tuple[str, str]:
    """Return the reason why an account cannot draw, in Chinese and English."""
    if account is None:
        return "该任务的账号已被删除", "its account was deleted"
    if not account.enabled:
        return "该任务的账号已被停用", "its account was switched off by an operator"
    if account.state == AccountState.INVALID_TOKEN:
        return (
            "该任务的账号令牌已被 Discord 拒绝",
            "the token of its account was refused by Discord",
        )
    said = account.state_reason
    return "该任务的账号不可用", "its account is not available" + said and f": {said}"


# --- running tasks, open windows, errands ---------------------------------------------


def _end_running() -> None:
    """End running tasks of lost accounts.

    An account that is off draws its running tasks to the end.
    """
    dead = Q(account=None) | Q(account__state__in=sorted(LOST))
    running = Task.objects.filter(dead, status__in=RUNNING).exclude(_ELSEWHERE)
    for task in _with_accounts(running)[:BATCH]:
        asked = task.cancel_requested_at
        fail(task.pk, CANCELLED if asked else _reason(task.account))


def _end_windows() -> None:
    """End tasks with a window that no account could answer."""
    windows = Task.objects.filter(GONE, status=TaskStatus.MODAL)
    for task in _with_accounts(windows):
        try:
            owner_or_host(task)
        except NoAccount:
            where = Q(status=TaskStatus.MODAL, account=task.account_id)
            fail(task.pk, _reason(task.account), where=where)


def _end_errands() -> None:
    lost = Errand.objects.filter(_LOST, state=ErrandState.WAITING)
    if not lost.exists():
        return
    for errand in lost.select_related("account").defer(*_SECRETS)[:BATCH]:
        give_up(errand.pk, *why(errand.account))


def _with_accounts(tasks: QuerySet[Task]) -> QuerySet[Task]:
    """Return whole rows. Nearly always there are none, and asking that costs less."""
    if not tasks.exists():
        return tasks.none()
    rows = tasks.select_related("account", "owner").defer(
        *_SECRETS, "owner__webhook_secret"
    )
    return rows.order_by("pk")


# --- waiting tasks --------------------------------------------------------------------


def _move_waiting() -> None:
    stuck: set[_Shape] = set()
    waiting = Task.objects.filter(_LOST, status=TaskStatus.NOT_START)
    waiting = waiting.exclude(_ELSEWHERE)
    # Tasks of accounts that wait for a person may be many, so they come last.
    gone_first = Case(When(GONE, then=Value(0)), default=Value(1))
    for task in _with_accounts(waiting).order_by(gone_first, "pk")[:MOST_WAITING]:
        shape = _shape(task)
        if shape not in stuck and not _move(task):
            stuck.add(shape)


def _shape(task: Task) -> _Shape:
    """Return the facts that decide where a task may go.

    Of all tasks with the same facts one is tried.
    """
    if not _is_movable(task):
        return (task.pk,)
    subjects = pool().subjects_of(task.prompt)
    return task.account_id, task.action, task.bot_type, _wanted(task), subjects


def _is_movable(task: Task) -> bool:
    return task.action in _MOVABLE and not task.custom_id


@again_after_deadlock
def _move(task: Task) -> bool:
    """Give a task to another account, or end it; return False if it waits on."""
    try:
        with transaction.atomic():
            if not reassign(task, _taken(task)):
                raise SeatLost
    except (QueueFull, SeatLost):
        return False
    except NoAccount as exc:
        if _may_wait(task):
            return False
        where = Q(status=TaskStatus.NOT_START, account=task.account_id)
        return fail(task.pk, _reason(task.account, exc), where=where)
    return True


def _taken(task: Task) -> DiscordAccount:
    """Return an account that has a place for the task. Raises Refused, SeatLost."""
    if not _is_movable(task):
        account = owner_or_host(task)
        take_seats(account)
        return account
    action, bot_type = TaskAction(task.action), BotType(task.bot_type)
    chosen = choose(action, bot_type, _wanted(task), task.prompt)
    take_chosen(chosen, action)
    return chosen.account


def _may_wait(task: Task) -> bool:
    if not _is_movable(task):
        return False
    action, bot_type = TaskAction(task.action), BotType(task.bot_type)
    return may_come(action, bot_type, _wanted(task), task.prompt)


def _wanted(task: Task) -> Wanted:
    return Wanted.of(task.account_filter, task.owner, task.mode)


def _reason(account: DiscordAccount | None, other: NoAccount | None = None) -> str:
    """Return the text of why this account cannot draw, and why no other can."""
    zh, en = why(account)
    if other and account is None:
        zh, en = f"{zh}，{other.zh}", f"{en}. {other}"
    return f"账号不可用：{zh} / {en}"
