"""Windows that a button opens: noted by the gateway, answered by a worker.

The press and the answer are two interactions of one task. The answer has a nonce of its
own, committed before it is posted. The task keeps the interaction id of the press.
"""

from __future__ import annotations

import asyncio
import logging
import time
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, cast

from django.db.models import Q
from django.utils import timezone

from accounts.models import DiscordAccount
from accounts.state.notes import note_remix
from gateway import timing
from gateway.discord import activity_host, clients
from gateway.discord.rest import DiscordHttp
from gateway.events.matching import moment_of
from gateway.events.notices import MAX_ATTEMPTS
from gateway.lanes import lane
from gateway.leases import is_open, still_open
from gateway.models import GatewaySession
from gateway.protocol import modals, payloads
from gateway.protocol.answers import Answer, Verdict
from gateway.protocol.shapes import Interaction, MaskedPage, Opened
from gateway.sending import posting
from gateway.sending.bodies import place_of, sent_text
from gateway.sending.claims import Claim
from gateway.sending.refusals import note_refusal, rest, resting
from mjproxy.lib import faults
from mjproxy.lib.db.claim import due
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.faults import Work
from mjproxy.lib.ids import new_nonce
from mjproxy.lib.process import backoff
from tasks import custom_ids
from tasks.enums import RUNNING, BotType, Delivery, InputRole, WindowState
from tasks.models import Task
from tasks.pictures import store
from tasks.services import (
    ANY,
    CANCELLED,
    fail,
    learn,
    release_window,
    tell_unanswered,
)
from tasks.submit import limits

logger = logging.getLogger(__name__)

PRESSED_AGAIN: Final = "再次点击按钮 / its button is pressed again"
REFUSED: Final = "提交失败 / Midjourney refused the window's answer"
PRESS_PAUSE: Final = 2.0  # seconds before a button is pressed again, growing
NOT_SENT: Final = timedelta(seconds=2)  # until a retry after an error in this process
GONE: Final = 404  # the window has expired, or belonged to a session that is gone


# --- in the gateway process ---------------------------------------------------------


def opened(task: Task, data: Opened) -> bool:
    """Record a task's open window; return True if it is to be answered now.

    An unexpected window is answered with its own text, because the owner asked only for
    the button.
    """
    if task.window == WindowState.ANSWERED or task.progress_message_id:
        return False
    modal = modals.read(data)
    facts: dict[str, Any] = {
        "window": WindowState.OPEN,
        "window_id": modal.window_id[:200],
        "window_field": modal.text_field[:100],
        "interaction_id": modal.interaction_id or task.interaction_id,
    }
    if task.window == WindowState.NONE:
        facts["prompt_en"] = modal.value or task.prompt_en
    _note_remix(task, on=True)
    if task.window != WindowState.NONE and _is_too_long(task, modal.max_length):
        return False
    return learn(task.pk, **facts)


def _is_too_long(task: Task, longest: int) -> bool:
    """End a task whose text is too long for its window; return whether it was."""
    text = sent_text(task.account, task) if task.account else ""
    try:
        limits.check(text, longest or limits.FIELD)
    except limits.TooLong as exc:
        fail(task.pk, f"{REFUSED}: {exc.zh} / {exc.en}")
        return True
    return False


def did_not_open(task: Task) -> dict[str, Any]:
    """Return the fields to write if a job started without its expected window."""
    if task.window != WindowState.EXPECTED:
        return {}
    logger.warning("task %s: drawn at once, no window opened", task.pk)
    _note_remix(task, on=False)
    return {"window": WindowState.NONE}


def _note_remix(task: Task, *, on: bool) -> None:
    """Record the bot's remix mode, which a remix button has shown."""
    button = custom_ids.parse(task.custom_id)
    if (
        task.account_id is None
        or button is None
        or button.kind.window is not custom_ids.Window.IF_REMIX
    ):
        return
    niji = task.bot_type == BotType.NIJI_JOURNEY
    note_remix(task.account_id, niji=niji, on=on, asked_at=task.claimed_at)


def is_lost(task: Task, now: datetime) -> bool:
    """Return whether the event of a window was missed.

    The wait begins when Discord has taken the press, which may be late.
    """
    before = now - timing.WINDOW_PATIENCE
    seen = task.interaction_id or ""
    taken_at = moment_of(int(seen)) if seen.isdecimal() else None
    return bool(
        task.window == WindowState.EXPECTED
        and not (task.progress_message_id or task.job_id)
        and (taken_at and taken_at < before)
        and (task.claimed_at and task.claimed_at < before)
    )


def find_again(task: Task) -> None:
    """Derive the window whose event was missed, or else press its button again."""
    found = custom_ids.window_of(task.custom_id, task.parent_message_id)
    if found is None:
        press_again(task, "no window was seen")
        return
    window_id, text_field = found
    logger.warning("task %s: window derived, its event was missed", task.pk)
    learn(
        task.pk, window=WindowState.OPEN, window_id=window_id, window_field=text_field
    )


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


# --- in a worker --------------------------------------------------------------------


@dataclass(frozen=True)
class Answering:
    """A claimed answer to a window, with its account and body."""

    account: DiscordAccount
    task_id: int
    claim: Claim
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
    except faults.AWAY:
        raise
    except Exception:
        await in_thread(_not_sent, answering)
        raise
    if found := await _post(http, answering):
        await in_thread(settle, answering, found)
    else:
        await in_thread(_not_sent, answering)


async def _post(http: DiscordHttp, answering: Answering) -> Answer | None:
    """Post the claimed answer; return None if the claim is lost before that."""
    claim, body = answering.claim, answering.body
    if not answering.is_page:
        return await posting.post_once(
            http, answering.account, cast("Interaction", body), claim
        )
    async with http.slot:
        if not await claim.holds():
            return None
        return await activity_host.submit_mask(http, cast("MaskedPage", body))


def _not_sent(answering: Answering) -> None:
    """Reopen the window, if the answer is still ours: no post has left."""
    rows = Task.objects.filter(pk=answering.task_id, nonce=answering.claim.nonce)
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
    session = GatewaySession.objects.filter(account=task.account).first()
    if session is None or not is_open(session, task.account):
        return None
    if lane.is_resting(task.account.pk):
        return None  # the sweep tries again
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
    began = time.monotonic()
    speaker = task.account.pk, session.session_id
    rows = rows.filter(still_open(*speaker), nonce=task.nonce, cancel_requested_at=None)
    claimed = rows.update(
        window=WindowState.ANSWERED,
        nonce=nonce,
        delivery=Delivery.SENDING,
        claimed_at=timezone.now(),
        checked_at=None,
        waiting_reason="",
    )
    if not claimed:
        return None
    lane.keep_pace(task.account)
    claim = Claim(nonce, partial(_renew, task_id, speaker), began)
    return Answering(task.account, task_id, claim, is_page, body)


def _renew(task_id: int, speaker: tuple[int, str], old: str, fresh: str) -> bool:
    """Renew a claim on an answer, unless another was given or it is over."""
    rows = Task.objects.filter(pk=task_id, status__in=RUNNING, nonce=old)
    rows = rows.filter(window=WindowState.ANSWERED, delivery=Delivery.SENDING)
    rows = rows.filter(still_open(*speaker))
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
        text=sent_text(account, task),
    )


def _page_body(task: Task) -> MaskedPage:
    mask = task.inputs.filter(role=InputRole.MASK)[0]
    body = store.read_input(mask.file)
    page_id = task.window_id.removeprefix(custom_ids.PAGE_PREFIX)
    prompt = sent_text(task.account, task) if task.account else task.prompt_en
    return payloads.masked(page_id, b64encode(body).decode(), prompt)


def settle(answering: Answering, found: Answer) -> None:
    """Apply the outcome of an answer to the task and the account."""
    rows = Task.objects.filter(
        pk=answering.task_id, nonce=answering.claim.nonce, status__in=RUNNING
    )
    sending = rows.filter(delivery=Delivery.SENDING)
    task, nonce = rows.first(), answering.claim.nonce
    if task is None:
        return
    match found.verdict:
        case Verdict.ACCEPTED:
            sending.update(delivery=Delivery.ACCEPTED)
        case Verdict.UNKNOWN:
            logger.warning("task %s: %s, looked up later", task.pk, found.reason)
            tell_unanswered(sending)
        case Verdict.LATER:
            _later(answering, found)
        case Verdict.TOKEN_DEAD | Verdict.NEEDS_PERSON | Verdict.UNVERIFIED:
            release_window(task.pk, nonce=nonce)
            account_id = answering.account.pk
            note_refusal(account_id, found, asked_at=task.claimed_at)
        case Verdict.STALE if answering.is_page:
            press_again(task, found.reason)
        case Verdict.REFUSED if found.status == GONE and not answering.is_page:
            press_again(task, found.reason)
        case Verdict.REFUSED | Verdict.STALE:
            fail(task.pk, f"{REFUSED}: {found.reason}", where=Q(nonce=nonce))


def _later(answering: Answering, found: Answer) -> None:
    """Reopen the window while the account rests: the answer was not taken."""
    moment = rest(answering.account.pk, found)
    reason = resting(found)
    Task.objects.filter(
        pk=answering.task_id,
        nonce=answering.claim.nonce,
        status__in=RUNNING,
        window_interaction_id=None,
        progress_message_id=None,
    ).update(window=WindowState.OPEN, not_before=moment, waiting_reason=reason)
