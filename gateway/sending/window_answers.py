"""Answer the windows that buttons open, in a worker.

The press and the answer are two interactions of one task. The answer has a nonce of its
own, committed before it is posted; the click's interaction stays the task's identity.
`gateway.events.windows` notes that a window has opened.
"""

from __future__ import annotations

import asyncio
import logging
import time
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, cast

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import DiscordAccount
from gateway.discord import activity_host, clients
from gateway.discord.rest import DiscordHttp
from gateway.lanes import lane
from gateway.leases import still_open
from gateway.models import GatewaySession
from gateway.protocol import payloads
from gateway.protocol.answers import Answer, Verdict
from gateway.protocol.shapes import Interaction, MaskedPage
from gateway.sending import outcomes, posting, refusals
from gateway.sending.bodies import place_of, prompt_to_send
from gateway.sending.post_claim import PostClaim
from gateway.sending.refusals import MAX_ATTEMPTS, Sent, resting
from gateway.sending.session import sendable_session
from mjproxy.lib import faults
from mjproxy.lib.db.claim import due
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.faults import Work
from mjproxy.lib.ids import new_nonce
from mjproxy.lib.process import backoff, event_loop
from tasks import custom_ids
from tasks.enums import RUNNING, Delivery, InputRole, WindowState
from tasks.models import Task
from tasks.pictures import store
from tasks.services import (
    ANY,
    CANCELLED,
    fail,
    release_window,
    tell_unanswered,
)

logger = logging.getLogger(__name__)

PRESSED_AGAIN: Final = "再次点击按钮 / its button is pressed again"
REFUSED: Final = "提交失败 / Midjourney refused the window's answer"
PRESS_PAUSE: Final = 2.0  # seconds before a button is pressed again, growing
NOT_SENT: Final = timedelta(seconds=2)  # until a retry after an error in this process
GONE: Final = 404  # the window has expired, or belonged to a session that is gone


@dataclass(frozen=True)
class Answering:
    """A claimed answer to a window, with its account and body."""

    account: DiscordAccount
    task_id: int
    claim: PostClaim
    is_page: bool
    body: Interaction | MaskedPage


def to_answer() -> list[int]:
    """Return the ids of the tasks whose open window is to be answered now."""
    rows = Task.objects.filter(due("not_before"))
    rows = rows.filter(status__in=RUNNING, window=WindowState.OPEN)
    return list(rows.order_by("pk").values_list("pk", flat=True)[:200])


async def answer(task_id: int) -> None:
    """Answer a task's open window once.

    Safe to call any number of times.
    """
    await faults.watch(Work("answering window of task", task_id, fail), _answer)


async def _answer(task_id: int) -> None:
    pause_before = await in_thread(_pause_before, task_id)
    await asyncio.sleep(pause_before)
    answering = await in_thread(_claim, task_id)
    if answering is None:
        return
    try:
        http = await clients.client_of(answering.account)
    except Exception:
        await outcomes.keep(_not_sent, answering)
        raise
    try:
        found = await _post(http, answering)
    except faults.AWAY:
        await outcomes.keep(_not_sent, answering)
        raise
    if found:
        await outcomes.keep(settle, answering, found)
    else:
        await outcomes.keep(_not_sent, answering)


async def _post(http: DiscordHttp, answering: Answering) -> Answer | None:
    """Post the claimed answer; return None if the claim is lost before that.

    Raises an error of `faults.AWAY` only before the post.
    """
    claim, body = answering.claim, answering.body
    if not answering.is_page:
        return await posting.post_once(
            http, answering.account, cast("Interaction", body), claim
        )
    async with http.slot:
        if not await claim.holds():
            return None
        return await activity_host.submit_mask(http, cast("MaskedPage", body))


def _not_sent(answering: Answering, where: Q = ANY) -> None:
    """Reopen the window, if the answer is still ours: no post has left.

    `where` is a further condition of the task.
    """
    rows = Task.objects.filter(where, pk=answering.task_id)
    rows = rows.filter(nonce=answering.claim.nonce)
    rows = rows.filter(status__in=RUNNING, window=WindowState.ANSWERED)
    moment = timezone.now() + NOT_SENT
    rows.update(window=WindowState.OPEN, delivery="", not_before=moment)


def _pause_before(task_id: int) -> float:
    """Return the seconds to wait before an answer: the account's interval."""
    row = Task.objects.filter(pk=task_id).values_list("account__interval").first()
    return float(row[0] or 0) if row else 0.0


def _claim(task_id: int) -> Answering | None:
    """Commit the answer's nonce and return what to post; None if it is not due."""
    rows = Task.objects.filter(pk=task_id, status__in=RUNNING, window=WindowState.OPEN)
    task = rows.select_related("account", "parent").first()
    if task is None or task.account is None:
        return None
    if task.cancel_requested_at:
        # No job starts before the answer, so there is none to stop.
        fail(task_id, CANCELLED, where=Q(window=WindowState.OPEN, nonce=task.nonce))
        return None
    session = sendable_session(task.account)
    if session is None:
        return None  # the sweep comes back
    is_page = task.window_id.startswith(custom_ids.PAGE_PREFIX)
    # A page's answer has no nonce; its messages carry the interaction of the press.
    nonce = (task.nonce or "") if is_page else new_nonce()
    try:
        body = (
            _page_body(task)
            if is_page
            else _window_body(task, task.account, session, nonce)
        )
    except (FileNotFoundError, LookupError) as exc:
        fail(task_id, f"{REFUSED}: no mask is kept ({type(exc).__name__})")
        return None
    claim = PostClaim(nonce, partial(_renew, task_id, session), time.monotonic())
    answering = Answering(task.account, task_id, claim, is_page, body)
    rows = rows.filter(still_open(session), nonce=task.nonce, cancel_requested_at=None)
    return answering if _take(rows, answering) else None


def _take(rows: QuerySet[Task], answering: Answering) -> bool:
    """Commit the answer's claim to a task; return False if it has moved on."""
    now = timezone.now()
    try:
        claimed = rows.update(
            window=WindowState.ANSWERED,
            nonce=answering.claim.nonce,
            delivery=Delivery.SENDING,
            claimed_at=now,
            checked_at=None,
            waiting_reason="",
        )
        if claimed:
            lane.keep_pace(answering.account)
    except faults.AWAY:
        # Perhaps only the answer to the commit was lost. A page's answer keeps the
        # nonce of the press, so another worker's claim differs only by its moment.
        event_loop.spawn(outcomes.keep(_not_sent, answering, Q(claimed_at=now)))
        raise
    return bool(claimed)


def _renew(task_id: int, session: GatewaySession, old: str, fresh: str) -> bool:
    """Renew a claim on an answer, unless another was given or it is over."""
    rows = Task.objects.filter(pk=task_id, status__in=RUNNING, nonce=old)
    rows = rows.filter(window=WindowState.ANSWERED, delivery=Delivery.SENDING)
    rows = rows.filter(still_open(session))
    return bool(rows.update(nonce=fresh, claimed_at=timezone.now()))


def _window_body(
    task: Task, account: DiscordAccount, session: GatewaySession, nonce: str
) -> Interaction:
    return payloads.window_answer(
        place_of(task, account, session),
        nonce,
        interaction_id=task.interaction_id or "",
        window_id=task.window_id,
        text_field=task.window_field,
        text=prompt_to_send(account, task),
    )


def _page_body(task: Task) -> MaskedPage:
    mask = task.inputs.filter(role=InputRole.MASK)[0]
    body = store.read_input(mask.file)
    page_id = task.window_id.removeprefix(custom_ids.PAGE_PREFIX)
    prompt = prompt_to_send(task.account, task) if task.account else task.prompt_en
    return payloads.masked(page_id, b64encode(body).decode(), prompt)


@dataclass(frozen=True)
class _SentAnswer(Sent):
    """A window's answer that was posted for a running task."""

    answering: Answering
    task: Task

    @property
    def _rows(self) -> QuerySet[Task]:
        nonce = self.answering.claim.nonce
        return Task.objects.filter(pk=self.task.pk, nonce=nonce, status__in=RUNNING)

    @property
    def _sending(self) -> QuerySet[Task]:
        return self._rows.filter(delivery=Delivery.SENDING)

    def asked_at(self) -> datetime | None:
        return self.task.claimed_at

    def taken(self) -> None:
        self._sending.update(delivery=Delivery.ACCEPTED)

    def unanswered(self, answer: Answer) -> None:
        logger.warning(
            "task %s: %s, looked up in history later", self.task.pk, answer.reason
        )
        tell_unanswered(self._sending)

    def later(self, answer: Answer, moment: datetime) -> None:
        still_silent = self._rows.filter(
            window_interaction_id=None, progress_message_id=None
        )
        still_silent.update(
            window=WindowState.OPEN, not_before=moment, waiting_reason=resting(answer)
        )

    def account_refused(self, answer: Answer) -> None:
        release_window(self.task.pk, nonce=self.answering.claim.nonce)

    def _may_be_opened_again(self, answer: Answer) -> bool:
        """Return whether the window or the page is gone, rather than its text wrong."""
        if self.answering.is_page:
            return answer.verdict is Verdict.STALE
        return answer.verdict is Verdict.REFUSED and answer.status == GONE

    def refused(self, answer: Answer) -> None:
        if self._may_be_opened_again(answer):
            press_again(self.task, answer.reason)
        else:
            same = Q(nonce=self.answering.claim.nonce)
            fail(self.task.pk, f"{REFUSED}: {answer.reason}", where=same)


def settle(answering: Answering, found: Answer) -> None:
    """Write what became of an answer, for the task and for the account."""
    running = Task.objects.filter(pk=answering.task_id, status__in=RUNNING)
    if task := running.filter(nonce=answering.claim.nonce).first():
        refusals.settle(answering.account.pk, _SentAnswer(answering, task), found)


def press_again(task: Task, reason: str, *, where: Q = ANY) -> None:
    """Release the task to press its button again, at most MAX_ATTEMPTS times."""
    nonce = task.nonce or ""
    if task.attempts >= MAX_ATTEMPTS:
        fail(task.pk, f"{REFUSED}: {reason}", where=where & Q(nonce=nonce))
        return
    pause = backoff.delay(task.attempts, first=PRESS_PAUSE)
    logger.warning("task %s: %s, pressed again in %.1f s", task.pk, reason, pause)
    moment = timezone.now() + timedelta(seconds=pause)
    said = f"{PRESSED_AGAIN}: {reason}"
    release_window(task.pk, nonce=nonce, not_before=moment, reason=said, where=where)
