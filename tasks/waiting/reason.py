"""Tell a task's owner why it waits, and about how long.

Only the reason of a task that was sent back is stored (`Task.waiting_reason`); the rest
is read when it is shown. A finished task costs no query, a list a few in all.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil
from typing import Final

from django.utils import timezone

from accounts import states
from accounts.models import DiscordAccount
from tasks import ports
from tasks.enums import RUNNING, SWAPS, Delivery, TaskStatus
from tasks.load import full_users
from tasks.models import Task
from tasks.ports import Lane
from tasks.waiting.durations import usual_seconds

BEING_BROUGHT: Final = "正在准备图片 / its pictures are fetched and put at Discord"
NO_ACCOUNT: Final = "等待可用账号 / it waits for an account"
NOT_CONNECTED: Final = "正在恢复连接 / the connection to Discord is being restored"
RESTING: Final = "Discord 要求暂停 / Discord asks for a pause"
LOOK_ALIKE: Final = (
    "等待上一个任务被识别 / it waits until the drawing before it can be told from it"
)
PACE: Final = "按账号间隔发送 / the account keeps a pause between two drawings"
LOOKED_UP: Final = (
    "结果未知，正在查询，两三分钟内无果则重新发送 / Discord gave no clear answer; what "
    "became of it is looked up, and it is sent again if nothing has within 3 minutes"
)
# After this time the sender has an answer or has died.
NO_ANSWER: Final = timedelta(seconds=15)
CANCELLING: Final = "正在取消 / Midjourney is asked to stop it"


SWAPS_AHEAD: Final = "等待换脸服务 / it waits for its turn at the face swap service"
STOPPING_SWAP: Final = "正在取消 / the face swap service is asked to stop it"


@dataclass(frozen=True)
class Waiting:
    """The reason and the time that are shown for a task that is not over."""

    reason: str | None = None
    eta_seconds: int | None = None  # until its picture, its own drawing included


NOTHING: Final = Waiting()


def waiting_of(tasks: Iterable[Task]) -> dict[int, Waiting]:
    """Return the reasons of those tasks that have to wait, by task id."""
    found: dict[int, Waiting] = {}
    lined: list[tuple[Task, DiscordAccount]] = []
    for task in tasks:
        account = task.account
        if task.status == TaskStatus.NOT_START and account and account.is_ready:
            lined.append((task, account))
        elif reason := _alone(task):
            found[task.pk] = Waiting(reason)
    if lined:
        found |= _in_line(lined)
    return found


def _alone(task: Task) -> str | None:
    """Return the reason that the rows of the task and its account give."""
    if task.action in SWAPS:
        return _of_swap(task)
    if task.status == TaskStatus.NOT_START:
        return account_reason(task.account) if task.account else NO_ACCOUNT
    if task.status in RUNNING and task.cancel_requested_at:
        return CANCELLING
    if task.status != TaskStatus.SUBMITTED:
        return None
    if task.delivery == Delivery.UNKNOWN or _is_unanswered(task):
        return LOOKED_UP
    return task.waiting_reason or None


def _of_swap(task: Task) -> str | None:
    if task.status == TaskStatus.NOT_START:
        return SWAPS_AHEAD
    if task.status in RUNNING and task.cancel_requested_at:
        return STOPPING_SWAP
    return (task.waiting_reason or None) if task.status in RUNNING else None


def _is_unanswered(task: Task) -> bool:
    """Tell whether a task was sent over 15 s ago without any event since."""
    sent_at = task.claimed_at if task.delivery == Delivery.SENDING else None
    return sent_at is not None and sent_at < timezone.now() - NO_ANSWER


def account_reason(account: DiscordAccount) -> str:
    """Return why an account does not draw now."""
    return account.state_reason or states.next_step(account)


def again(zh: str, en: str, reason: str) -> str:
    """Return the text for a task or account that waits for another try."""
    return f"{zh} / {en}: {reason}"[:400]


# --- in line -------------------------------------------------------------------------


@dataclass
class _Line:
    """The waiting and running tasks of the accounts of one lane."""

    lane: Lane
    waiting: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    running: int = 0
    unnamed: set[tuple[object, ...]] = field(default_factory=set)

    def ahead(self, task: Task) -> int:
        """Return how many tasks are sent before this one, if users alternate."""
        own = self.waiting[task.owner_id]
        rank = bisect_left(own, task.pk)
        first = own[0] if own else task.pk
        others = (
            min(len(ids), rank + (ids[0] < first))
            for owner, ids in self.waiting.items()
            if owner != task.owner_id and ids
        )
        return rank + sum(others)


def _in_line(lined: list[tuple[Task, DiscordAccount]]) -> dict[int, Waiting]:
    lines = _lines({account.pk: account for _, account in lined})
    usual = usual_seconds(
        {(account.pk, t.action, t.requested_mode) for t, account in lined}
    )
    full = full_users({task.owner_id for task, _ in lined})
    found = {}
    for task, account in lined:
        line = lines[account.pk]
        ahead = line.ahead(task)
        seconds = usual.get((account.pk, task.action, task.requested_mode))
        # `core_size` tasks are drawn at the same time. Running ones are not counted,
        # because the rest of their time is unknown.
        place = ceil((ahead + 1) / max(1, line.lane.core_size))
        eta = None if seconds is None else max(1, round(seconds * place))
        found[task.pk] = Waiting(_reason(task, line, ahead, full), eta)
    return found


def _reason(task: Task, line: _Line, ahead: int, full: Mapping[int, int]) -> str | None:
    """Return the first obstacle; None: the task is sent at any moment."""
    now, lane = timezone.now(), line.lane
    if not task.prepared:
        return task.waiting_reason or BEING_BROUGHT
    if task.not_before and task.not_before > now and task.waiting_reason:
        return task.waiting_reason
    if not lane.is_connected:
        return NOT_CONNECTED
    if lane.rest_until and lane.rest_until > now:
        return lane.rest_reason or RESTING
    if most := full.get(task.owner_id):
        return (
            f"您正在绘制 {most} 个任务，并发数已达上限 / "
            f"you draw as many at once as you may ({most})"
        )
    if line.running >= lane.core_size:
        return _full(lane.core_size, ahead)
    if (task.account_id, task.echo_key, task.bot_type) in line.unnamed:
        return LOOK_ALIKE
    if ahead:
        return f"排队中，前面还有 {ahead} 个任务 / tasks before it: {ahead}"
    if lane.next_send_at and lane.next_send_at > now:
        return PACE
    return None


def _full(slots: int, ahead: int) -> str:
    return (
        f"账号正在绘制 {slots} 个任务，已达上限，前面还有 {ahead} 个任务 / "
        f"the account draws as many as it may ({slots}); tasks before it: {ahead}"
    )


def _lines(accounts: Mapping[int, DiscordAccount]) -> dict[int, _Line]:
    """Return the line of each account; accounts of one lane share one."""
    lanes = dict(ports.lanes()(accounts.keys()))
    for pk, account in accounts.items():
        lanes.setdefault(pk, Lane(frozenset({pk}), account.core_size, True))
    by_lane: dict[frozenset[int], _Line] = {}
    lines = {pk: by_lane.setdefault(e.accounts, _Line(e)) for pk, e in lanes.items()}
    line_of = {pk: line for pks, line in by_lane.items() for pk in pks}
    rows = Task.objects.filter(
        account__in=list(line_of), status__in=(TaskStatus.NOT_START, *RUNNING)
    ).order_by("pk")
    keys = ("account_id", "echo_key", "bot_type")
    columns = rows.values_list("status", "owner_id", "pk", "job_id", *keys)
    for status, owner, pk, job_id, *key in columns:
        line = line_of[key[0]]
        if status == TaskStatus.NOT_START:
            line.waiting[owner].append(pk)
        else:
            line.running += 1
            if job_id is None:
                line.unnamed.add(tuple(key))
    return lines
