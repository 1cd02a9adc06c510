"""Steps of a running swap: bring its files, order it, look at it, copy its result.

Each step is short. The next one is due at a time in the row, so that a process may die
at any moment (docs/adr/0039).
"""

from __future__ import annotations

import logging
import time
from typing import Final

from django.utils import timezone

from mjproxy.lib import faults
from mjproxy.lib.db.claim import renewing
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.faults import Work as FaultyWork
from mjproxy.lib.process import backoff, event_loop
from mjproxy.lib.process.nudge import nudge
from mjproxy.lib.safe_http.client import Unfetchable
from tasks.services import CANCELLED, fail
from tasks.swaps import bringing, predictions, results, rows, timing
from tasks.swaps.kinds import kind_of_task
from tasks.swaps.predictions import Prediction
from tasks.swaps.provider import Later, ProviderError, Refused, Unclear
from tasks.swaps.rows import Work
from tasks.waiting.reason import again

logger = logging.getLogger(__name__)

OFF: Final = "服务已关闭 / face swap was switched off before this task began"
LOST: Final = (
    "提交结果未知，为避免重复扣费不再提交 / it is unknown whether the face swap "
    "service has taken the task; it is not sent again, or it might be paid twice"
)
EMPTY: Final = "执行失败返回内容为空 / the face swap service gave no result"
STOPPED: Final = "服务商已取消 / the face swap service has stopped it"
GONE: Final = "服务商任务不存在 / the face swap service does not know the task any more"
NOT_KEPT: Final = "文件不存在 / the file is not kept any more"


class Ended(Exception):
    """The task is to end with this reason."""


async def attend(task_id: int) -> None:
    """Do the next step of a swap, if it is due and nobody else does it."""
    work = FaultyWork("face swap of task", task_id, fail)
    await faults.watch(work, _attend)


async def _attend(task_id: int) -> None:
    work = await in_thread(rows.take, task_id)
    if work is None:
        return
    failures, reason = 0, ""
    try:
        async with renewing(rows.renew_claim, task_id, timing.RENEW_EVERY):
            pause = await _step(work)
    except Ended as exc:
        await in_thread(fail, task_id, str(exc))
        return
    except ProviderError as exc:
        failures, reason = work.swap.failures + 1, str(exc)
        asked = exc.pause if isinstance(exc, Later) else None
        pause = asked or backoff.delay(failures, first=2.0)
    if pause is None:
        return
    if reason:
        logger.warning("task %s: %s, again in %.1f s", task_id, reason, pause)
        said = again("稍后再试", "tried again soon", reason)
        await in_thread(rows.tell_waiting, work.task, said)
    await in_thread(rows.rest, task_id, pause, failures)
    event_loop.later(pause, nudge, "tasks.attend_swap", task_id)


async def _step(work: Work) -> float | None:
    """Do one step; return the seconds to the next one, None after the last.

    Raises Ended, and ProviderError if the step is to be tried again.
    """
    if work.swap.prediction:
        return await _follow(work, work.swap.prediction)
    if work.swap.asked_at:
        return await _look_up(work)
    if work.is_over:
        raise Ended(_why_over(work))
    if not (kind_of_task(work.task).is_on(work.settings) and work.provider.token):
        raise Ended(OFF)
    if not (work.swap.face_at and work.swap.target_at):
        await _bring(work)
    return await _order(work)


def _why_over(work: Work) -> str:
    if work.task.cancel_requested_at:
        return CANCELLED
    minutes = kind_of_task(work.task).of(work.settings, "timeout_minutes")
    return f"执行超时 {minutes} 分钟 / not done within {minutes} minutes"


async def _bring(work: Work) -> None:
    try:
        await bringing.bring(work, work.settings, work.provider)
    except Refused as exc:
        raise Ended(str(exc)) from exc
    except Unfetchable as exc:
        reason = f"链接错误: {exc.zh} / a link cannot be fetched: {exc.en}"
        if exc.permanent or work.swap.failures >= timing.MOST_TRIES:
            raise Ended(reason) from exc
        raise Later(reason) from exc
    except FileNotFoundError:
        raise Ended(NOT_KEPT) from None


# --- the order ------------------------------------------------------------------------


async def _order(work: Work) -> float:
    """Send the order. It is committed before it leaves, its id before anything else."""
    began = time.monotonic()
    if not await in_thread(rows.note_order, work.swap):
        return timing.LOOK_EVERY
    if time.monotonic() - began > timing.LATE_ORDER:
        # This process stood still: another one may have looked it up already.
        await in_thread(rows.take_back, work.swap)
        return timing.LOOK_EVERY
    try:
        order = kind_of_task(work.task).order(work.settings, work.swap)
        found = await work.provider.create(order)
    except Refused as exc:
        raise Ended(_refusal(exc)) from exc
    except Later:
        await in_thread(rows.take_back, work.swap)
        raise
    await in_thread(rows.note_prediction, work.swap, found.id)
    return timing.LOOK_EVERY


def _refusal(exc: Refused) -> str:
    said = predictions.reason_of(exc.said)
    return said if "NSFW" in said else str(exc)


async def _look_up(work: Work) -> float:
    """Find an order whose answer was lost; send it again only if nothing was paid."""
    asked_at = work.swap.asked_at or timezone.now()
    try:
        found = await work.provider.find(work.swap.face_at, asked_at)
    except ProviderError as exc:
        if work.late(timing.CANCEL_PATIENCE):
            raise Ended(LOST) from exc
        raise
    if found:
        await in_thread(rows.note_prediction, work.swap, found[-1].id)
        for other in found[:-1]:
            logger.error("task %s: it was ordered twice", work.task.pk)
            await _stop(work, other.id)
        return 0.0
    if timezone.now() - asked_at < timing.ORDER_LIFE:
        return timing.LOOK_EVERY
    if work.is_over:
        raise Ended(_why_over(work))
    if work.swap.asks >= timing.MOST_ORDERS:
        raise Ended(LOST)
    await in_thread(rows.take_back, work.swap)
    return 0.0


# --- the prediction -------------------------------------------------------------------


async def _follow(work: Work, prediction_id: str) -> float | None:
    """Look at a prediction, and end the task with it."""
    try:
        found = await work.provider.fetch(prediction_id)
    except Refused as exc:
        if exc.status in (404, 410):
            raise Ended(GONE) from exc
        return await _unseen(work, prediction_id, exc)
    except ProviderError as exc:
        return await _unseen(work, prediction_id, exc)
    if found.is_succeeded:
        await _copy(work, found)
        return None
    if found.is_failed:
        raise Ended(predictions.reason_of(found.error))
    if found.is_stopped:
        raise Ended(_why_over(work) if work.is_over else STOPPED)
    if work.is_over:
        return await _end(work, prediction_id)
    await in_thread(rows.note_progress, work.task, found.progress)
    return timing.LOOK_EVERY


async def _unseen(work: Work, prediction_id: str, exc: ProviderError) -> float | None:
    """Go on without a look at the prediction."""
    if work.is_over:
        return await _end(work, prediction_id)
    raise exc


async def _end(work: Work, prediction_id: str) -> float | None:
    """Have the provider stop the work, then end the task."""
    stopped = await _stop(work, prediction_id)
    if stopped or _has_waited(work):
        raise Ended(_why_over(work))
    raise Unclear("服务商未确认取消 / the face swap service has not confirmed the end")


def _has_waited(work: Work) -> bool:
    moments = (work.task.cancel_requested_at, work.task.deadline_at)
    since = min((each for each in moments if each), default=timezone.now())
    return timezone.now() - since > timing.CANCEL_PATIENCE


async def _stop(work: Work, prediction_id: str) -> bool:
    try:
        await work.provider.cancel(prediction_id)
    except Refused as exc:  # it is over there, or unknown
        logger.warning("task %s: cancel: %s", work.task.pk, exc)
    except ProviderError as exc:
        logger.warning("task %s: cancel: %s", work.task.pk, exc)
        return False
    return True


async def _copy(work: Work, found: Prediction) -> None:
    if not found.output:
        raise Ended(EMPTY)
    try:
        await results.copy(work, found.output)
    except Unfetchable as exc:
        reason = f"结果无法获取: {exc.zh} / the result cannot be fetched: {exc.en}"
        if exc.permanent or work.late(timing.RESULT_PATIENCE):
            raise Ended(reason) from exc
        raise Later(reason) from exc
    except OSError as exc:  # the disk may be full for a while
        raise Later(f"结果无法保存 / the result cannot be stored: {exc}") from exc
