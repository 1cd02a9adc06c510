"""Find waiting and overdue tasks whose nudge was lost."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta
from typing import Final

from django.db.models import Q
from django.utils import timezone

from accounts.enums import AccountState
from accounts.models import DiscordAccount
from gateway.lost_accounts import GONE
from mjproxy.lib.db.claim import due
from tasks.enums import RUNNING, SWAPS, TaskStatus
from tasks.models import Task
from tasks.services import CANCELLED, fail

logger = logging.getLogger(__name__)

BATCH: Final = 200
LONGEST_WAIT: Final = timedelta(hours=24)
# The gateway judges first, with history read; this is for accounts without a gateway.
GATEWAY_GRACE: Final = timedelta(minutes=10)


def accounts_to_dispatch() -> list[int]:
    """Return the ready accounts with waiting tasks and a free slot.

    Of the rows of one Discord user one is returned: its lane serves all.
    """
    waiting = Task.objects.filter(
        due("not_before"),
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


def end_overdue() -> None:
    """End tasks that wait or run too long, if no gateway has done so."""
    now = timezone.now()
    unanswered = Task.objects.filter(status=TaskStatus.MODAL, deadline_at__lt=now)
    for pk in unanswered.values_list("pk", flat=True)[:BATCH]:
        reason = "窗口超时未确认 / its window was not answered in time"
        fail(pk, reason, where=Q(status=TaskStatus.MODAL))
    # A face swap has no account; its own sweep ends it.
    drawn = Task.objects.exclude(action__in=sorted(SWAPS))
    overdue = drawn.filter(status=TaskStatus.NOT_START, deadline_at__lt=now)
    # A task waits up to LONGEST_WAIT for an account that is disconnected.
    ready = Q(account__state=AccountState.READY) | GONE
    ready |= Q(submitted_at__lt=now - LONGEST_WAIT)
    for pk in overdue.filter(ready).values_list("pk", flat=True)[:BATCH]:
        reason = "任务提交超时 / waited too long for its turn"
        fail(pk, reason, where=Q(status=TaskStatus.NOT_START))
    # An outage extends deadlines when it ends. If the account is off, it never ends.
    off = Q(account=None) | Q(account__enabled=False)
    forgotten = drawn.filter(
        (off & Q(deadline_at__lt=now - GATEWAY_GRACE))
        | Q(deadline_at__lt=now - LONGEST_WAIT),
        status__in=RUNNING,
    )
    for task in forgotten[:BATCH]:
        reason = "执行超时 / timed out; its account was off, history cannot be read"
        fail(task.pk, CANCELLED if task.cancel_requested_at else reason)
