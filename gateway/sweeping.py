"""The sweep: rows that should have moved, whoever lost the nudge."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.enums import AccountState
from accounts.health import LOST, TAKE_NEW
from accounts.models import DiscordAccount
from tasks.enums import RUNNING, BotType, TaskAction, TaskStatus
from tasks.exceptions import NoAccount, QueueFull
from tasks.models import Task
from tasks.services import CANCELLED, fail, reassign
from tasks.submit.base import TurnLost
from tasks.submit.choosing import Wanted, choose, take_chosen

logger = logging.getLogger(__name__)

BATCH: Final = 200
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
LONGEST_WAIT: Final = timedelta(hours=24)
# The gateway judges first, with history read; this is for accounts without one.
GATEWAY_GRACE: Final = timedelta(minutes=10)


def accounts_to_dispatch() -> list[int]:
    """Return the ready accounts with waiting tasks and a free slot.

    Of the rows of one Discord user one is returned: its lane serves all.
    """
    now = timezone.now()
    due = Q(not_before=None) | Q(not_before__lte=now)
    waiting = Task.objects.filter(
        due,
        status=TaskStatus.NOT_START,
        prepared=True,
        account__state=AccountState.READY,
    )
    ids = set(waiting.order_by().values_list("account_id", flat=True).distinct())
    able = DiscordAccount.objects.filter(pk__in=ids, enabled=True).order_by("pk")
    rows = list(able.values_list("session__user_id", "pk", "core_size"))
    users = {user for user, *_ in rows if user}
    running = Task.objects.filter(
        status__in=RUNNING, account__session__user_id__in=users
    )
    busy = Counter(running.values_list("account__session__user_id", flat=True))
    return list(
        {user: pk for user, pk, size in rows if user and busy[user] < size}.values()
    )


def move_from_lost_accounts() -> None:
    """Give new drawings of an account that is off to others; end what cannot move."""
    keep = Q(account__enabled=True, account__state__in=TAKE_NEW)
    lost = Task.objects.filter(~keep, status=TaskStatus.NOT_START)
    for task in lost.select_related("account")[:BATCH]:
        if task.action in _MOVABLE and not task.custom_id:
            _move(task)
        else:
            fail(task.pk, _gone(task.account), where=Q(status=TaskStatus.NOT_START))
    dead = Task.objects.filter(
        Q(account=None) | Q(account__state__in=LOST),
        status__in=RUNNING,
    )
    for pk in dead.values_list("pk", flat=True)[:BATCH]:
        fail(pk, "账号不可用 / the account's token was refused by Discord")


def _gone(account: DiscordAccount | None) -> str:
    said = "账号不可用 / the account of this drawing is not available"
    why = account.state_reason if account else ""
    return f"{said}: {why}" if why else said


def _move(task: Task) -> None:
    action, bot_type = TaskAction(task.action), BotType(task.bot_type)
    wanted = Wanted.of(task.account_filter, task.mode)
    try:
        with transaction.atomic():
            chosen = choose(action, bot_type, wanted, task.prompt)
            take_chosen(chosen, action)
            if not reassign(task, chosen.account):
                raise TurnLost
    except (NoAccount, QueueFull, TurnLost):
        return  # it waits for one, until its deadline


def end_overdue() -> None:
    """End what waits or runs too long where no gateway has done so."""
    now = timezone.now()
    unanswered = Task.objects.filter(status=TaskStatus.MODAL, deadline_at__lt=now)
    for pk in unanswered.values_list("pk", flat=True)[:BATCH]:
        reason = "窗口超时未确认 / its window was not answered in time"
        fail(pk, reason, where=Q(status=TaskStatus.MODAL))
    overdue = Task.objects.filter(status=TaskStatus.NOT_START, deadline_at__lt=now)
    # While its account is cut off, a task waits for it, within reason.
    ready = Q(account__state=AccountState.READY) | Q(
        submitted_at__lt=now - LONGEST_WAIT
    )
    for pk in overdue.filter(ready).values_list("pk", flat=True)[:BATCH]:
        reason = "任务提交超时 / waited too long for its turn"
        fail(pk, reason, where=Q(status=TaskStatus.NOT_START))
    # An outage extends deadlines when it ends; an account that is off has no end.
    off = Q(account=None) | Q(account__enabled=False)
    forgotten = Task.objects.filter(
        (off & Q(deadline_at__lt=now - GATEWAY_GRACE))
        | Q(deadline_at__lt=now - LONGEST_WAIT),
        status__in=RUNNING,
    )
    for task in forgotten[:BATCH]:
        reason = "执行超时 / timed out; its account was off, history cannot be read"
        fail(task.pk, CANCELLED if task.cancel_requested_at else reason)
