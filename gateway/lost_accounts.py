"""What becomes of the tasks and errands of an account that draws no more.

Within seconds each of them moves to another account, or ends with the reason. Only what
may still be drawn without anybody's hand, or by this account once a person has helped
it, waits on.
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
from tasks.enums import RUNNING, BotType, ErrandState, TaskAction, TaskStatus
from tasks.errands import give_up
from tasks.exceptions import NoAccount, QueueFull
from tasks.models import Errand, Task
from tasks.services import CANCELLED, fail, reassign
from tasks.submit.account import Wanted, choose, may_come
from tasks.submit.button_account import owner_or_host
from tasks.submit.seat import SeatLost, take_chosen, take_seats

BATCH: Final = 200
MOST_WAITING: Final = 2000  # that are looked at in one sweep
# What any account may draw; a button belongs to the account of its message.
_MOVABLE: Final = frozenset(
    {
        TaskAction.IMAGINE,
        TaskAction.BLEND,
        TaskAction.DESCRIBE,
        TaskAction.SHORTEN,
        TaskAction.VIDEO,
    }
)
# It comes back by itself never, and perhaps not at all.
GONE: Final = (
    Q(account=None) | Q(account__enabled=False) | Q(account__state__in=sorted(LOST))
)
_LOST: Final = GONE | ~Q(account__state__in=sorted(TAKE_NEW))
_SECRETS: Final = tuple(f"account__{name}" for name in DiscordAccount.SECRETS)
_Shape = tuple[object, ...]


def leave_lost_accounts() -> None:
    """Move or end all that waits for an account that is off, or runs at a lost one."""
    _end_running()
    _end_windows()
    _move_waiting()
    _end_errands()


def why(account: DiscordAccount | None) -> tuple[str, str]:
    """Return why an account draws nothing, in both languages."""
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


# --- what runs, and what waits for its owner ------------------------------------------


def _end_running() -> None:
    """End what nobody can watch any more; an account that is off draws to the end."""
    dead = Q(account=None) | Q(account__state__in=sorted(LOST))
    running = Task.objects.filter(dead, status__in=RUNNING)
    for task in _with_accounts(running)[:BATCH]:
        asked = task.cancel_requested_at
        fail(task.pk, CANCELLED if asked else _reason(task.account))


def _end_windows() -> None:
    """End what waits for an answer that nobody could send."""
    windows = Task.objects.filter(GONE, status=TaskStatus.MODAL)
    for task in _with_accounts(windows):
        try:
            owner_or_host(task)
        except NoAccount:
            where = Q(status=TaskStatus.MODAL, account=task.account_id)
            fail(task.pk, _reason(task.account), where=where)


def _end_errands() -> None:
    waiting = Errand.objects.filter(state=ErrandState.WAITING)
    lost = waiting.filter(_LOST).select_related("account").defer(*_SECRETS)
    for errand in lost[:BATCH]:
        give_up(errand.pk, *why(errand.account))


def _with_accounts(tasks: QuerySet[Task]) -> QuerySet[Task]:
    rows = tasks.select_related("account", "owner").defer(
        *_SECRETS, "owner__webhook_secret"
    )
    return rows.order_by("pk")


# --- what waits for its turn ----------------------------------------------------------


def _move_waiting() -> None:
    stuck: set[_Shape] = set()
    waiting = Task.objects.filter(_LOST, status=TaskStatus.NOT_START)
    # Those of an account that waits for a person may be many, and wait on.
    gone_first = Case(When(GONE, then=Value(0)), default=Value(1))
    for task in _with_accounts(waiting).order_by(gone_first, "pk")[:MOST_WAITING]:
        shape = _shape(task)
        if shape not in stuck and not _move(task):
            stuck.add(shape)


def _shape(task: Task) -> _Shape:
    """Return what decides where a task may go: of many that wait, one is tried."""
    if not _is_movable(task):
        return (task.pk,)
    subjects = pool().subjects_of(task.prompt)
    return task.account_id, task.action, task.bot_type, _wanted(task), subjects


def _is_movable(task: Task) -> bool:
    return task.action in _MOVABLE and not task.custom_id


@again_after_deadlock
def _move(task: Task) -> bool:
    """Give a task to another account, or end it; False where it waits on."""
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
    """Say why the account does not draw, and why no other one does."""
    zh, en = why(account)
    if other and account is None:
        zh, en = f"{zh}，{other.zh}", f"{en}. {other}"
    return f"账号不可用：{zh} / {en}"
