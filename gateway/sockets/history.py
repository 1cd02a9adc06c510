"""Read a channel's history for missed events, then judge the silent tasks."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from curl_cffi.requests.exceptions import RequestException
from discord.errors import DiscordException, Forbidden, NotFound
from django.db.models import Min, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from gateway import timing
from gateway.events import windows
from gateway.events.handlers import Recipient, handle
from gateway.events.matching import CLOCK_SKEW, snowflake_at
from gateway.events.open_tasks import OpenTasks
from gateway.protocol.constants import Event
from gateway.protocol.shapes import ChannelMessage
from gateway.sending import window_answers
from gateway.sending.refusals import MAX_ATTEMPTS
from gateway.sockets.connection import Connection
from mjproxy.lib import faults
from mjproxy.lib.db.claim import due
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.faults import Work
from tasks.enums import RUNNING, Delivery, WindowState
from tasks.models import Task
from tasks.services import CANCELLED, fail, release

logger = logging.getLogger(__name__)

REMOVED_GRACE: Final = timedelta(seconds=12)
SILENCE: Final = timedelta(seconds=60)
PAGES: Final = 50


def silent_tasks() -> dict[int, list[int]]:
    """Return the running tasks that need a look at history, by account id."""
    now = timezone.now()
    unchecked = due("checked_at", now - timing.LOOK_EVERY)
    unheard = Q(interaction_id=None, progress_message_id=None)
    # A window that did not open, or an answer without a reaction.
    unheard |= Q(
        window__in=[WindowState.EXPECTED, WindowState.ANSWERED],
        window_interaction_id=None,
        progress_message_id=None,
    )
    rows = (
        Task.objects.filter(status__in=RUNNING)
        .annotate(seen_at=Coalesce("checked_at", "claimed_at"))
        .filter(
            Q(removed_at__lt=now - REMOVED_GRACE)
            | (unchecked & unheard & Q(claimed_at__lt=now - timing.LOOK_EVERY))
            | Q(deadline_at__lt=now)
            | Q(seen_at__lt=now - SILENCE)
        )
    )
    found: dict[int, list[int]] = defaultdict(list)
    for pk, account_id in rows.values_list("pk", "account_id"):
        if account_id is not None:
            found[account_id].append(pk)
    return found


async def repair(connection: Connection) -> bool:
    """Handle the account's recent history like events; return False if it failed.

    Each channel is read from the claim of its oldest running task. Messages count as
    just created.
    """
    claims = await in_thread(_oldest_claims, connection.account_id)
    for channel_id, since in claims.items():
        if not await _read(connection, channel_id, since):
            return False
    return True


async def _read(connection: Connection, channel_id: str, since: datetime) -> bool:
    after = snowflake_at(since - CLOCK_SKEW)
    channel = channel_id or connection.identity.channel_id
    # A task may run in a channel that is no longer one of the account's.
    recipient = connection.recipient
    channels = recipient.channels | {channel}
    recipient = replace(recipient, channels=channels, open_tasks=OpenTasks())
    try:
        for _ in range(PAGES):
            page = await connection.http.history(channel, after=after)
            for message in page:
                await _take(recipient, message)
            if len(page) < 100:
                return True
            after = str(page[-1]["id"])
    except (Forbidden, NotFound) as exc:
        # The channel stays unreadable, so its tasks are judged without history.
        logger.warning("account %s: channel %s: %s", recipient.account_id, channel, exc)
        return True
    except (
        DiscordException,
        RequestException,
        OSError,
        LookupError,
        TypeError,
        ValueError,
    ) as exc:
        logger.warning(
            "account %s: history cannot be read: %s", connection.account_id, exc
        )
        return False
    logger.warning("account %s: history is too long to read", connection.account_id)
    return False


async def _take(recipient: Recipient, message: ChannelMessage) -> None:
    """Handle a message of history; log and skip one that raises."""
    try:
        await in_thread(handle, recipient, Event.MESSAGE_CREATE, message)
    except faults.AWAY:
        raise
    except Exception as exc:
        faults.note(Work("a message of account", recipient.account_id), exc)


def judging(account_id: int, task_ids: Sequence[int] = ()) -> Work:
    """Return the work of judging silent tasks, for counting its faults.

    If it is given up, those tasks fail.
    """

    def give_up(_: int, reason: str) -> None:
        for task_id in task_ids:
            fail(task_id, reason, where=Q(status__in=RUNNING))

    return Work("silent tasks of account", account_id, give_up)


async def look_after(connection: Connection, task_ids: list[int]) -> bool:
    """Read history for silent tasks, then judge them.

    If history cannot be read, it judges no task and returns False: try again later.
    """
    if not await repair(connection):
        return False
    await in_thread(judge, connection.account_id, task_ids)
    return True


def judge(account_id: int, task_ids: list[int]) -> None:
    """End or release the tasks that neither events nor history have moved."""
    now = timezone.now()
    open_tasks = Task.objects.filter(
        pk__in=task_ids, account_id=account_id, status__in=RUNNING
    )
    for task in open_tasks.select_related("account"):
        work = Work("judging task", task.pk, fail)
        faults.guard(work, partial(_judge, task, now))
    open_tasks.update(checked_at=now)


def _judge(task: Task, now: datetime, _: int) -> None:
    if task.removed_at and task.removed_at < now - REMOVED_GRACE:
        removed = "任务消息被删除 / removed by Midjourney, probably moderation"
        fail(task.pk, CANCELLED if task.cancel_requested_at else removed)
    elif task.deadline_at and task.deadline_at < now:
        minutes = task.account.timeout_minutes if task.account else 0
        late = f"执行超时 {minutes} 分钟 / timed out after {minutes} minutes"
        reason = CANCELLED if task.cancel_requested_at else late
        fail(task.pk, reason, where=Q(deadline_at__lt=now))
    elif windows.is_lost(task, now):
        windows.find_again(task)
    elif _was_never_taken(task, now):
        _send_again(task)


def _was_never_taken(task: Task, now: datetime) -> bool:
    """Return whether Discord certainly has not taken the interaction.

    It was seen neither on the gateway nor in history, and its request cannot arrive any
    more. A shorter silence proves nothing, as a request may be late.
    """
    answered = task.window == WindowState.ANSWERED
    heard = task.window_interaction_id if answered else task.interaction_id
    if (
        heard
        or task.progress_message_id
        or task.job_id
        or task.delivery == Delivery.ACCEPTED
        or task.claimed_at is None
    ):
        return False
    return task.claimed_at < now - timing.REQUEST_LIFE


def _send_again(task: Task) -> None:
    nonce = task.nonce or ""
    # If the claim was renewed meanwhile, its sender posts now: leave it.
    same = Q(claimed_at=task.claimed_at)
    if task.window == WindowState.ANSWERED and not task.cancel_requested_at:
        window_answers.press_again(
            task, "the window's answer was never taken", where=same
        )
    elif task.attempts >= MAX_ATTEMPTS:
        reason = "Discord 未接受命令 / Discord has not taken the command"
        fail(task.pk, reason, where=same & Q(nonce=nonce, interaction_id=None))
    elif task.cancel_requested_at:
        fail(task.pk, CANCELLED, where=same & Q(nonce=nonce, progress_message_id=None))
    else:
        logger.warning(
            "task %s: Discord did not accept the command, it is sent again", task.pk
        )
        reason = "Discord 未接受命令，再次发送 / Discord has not taken it; sent again"
        release(task.pk, nonce=nonce, reason=reason, where=same)


def _oldest_claims(account_id: int) -> dict[str, datetime]:
    """Return the moment of the oldest running task's claim, by channel id."""
    running = Task.objects.filter(account_id=account_id, status__in=RUNNING)
    running = running.exclude(claimed_at=None).order_by()
    oldest = running.values("channel_id").annotate(since=Min("claimed_at"))
    return dict(oldest.values_list("channel_id", "since"))
