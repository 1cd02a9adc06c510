"""Run errands: uploads, presses that draw nothing, questions for a seed."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from curl_cffi.requests.exceptions import RequestException
from discord.errors import DiscordException
from django.utils import timezone

from accounts.enums import AccountState
from accounts.models import DiscordAccount
from gateway.discord import clients, uploads
from gateway.discord.command_index import UnknownCommand, find_command
from gateway.discord.direct_messages import channel_with
from gateway.discord.rest import DiscordHttp
from gateway.discord.uploads import UploadFailed
from gateway.lanes import lane
from gateway.leases import still_open
from gateway.models import GatewaySession
from gateway.protocol import payloads
from gateway.protocol.answers import Answer
from gateway.protocol.constants import ENVELOPE
from gateway.protocol.payloads import Place
from gateway.protocol.shapes import Interaction
from gateway.sending import outcomes, posting, refusals
from gateway.sending.bodies import place_of
from gateway.sending.brought_pictures import in_memory
from gateway.sending.post_claim import PostClaim
from gateway.sending.prepare import FAILED
from gateway.sending.refusals import Sent
from gateway.sending.session import sendable_session
from gateway.timing import CLAIM, RENEW_EVERY
from mjproxy.lib import faults
from mjproxy.lib.db.claim import claim, due, renew, renewing
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.faults import Work
from mjproxy.lib.ids import new_nonce
from mjproxy.lib.process import backoff
from mjproxy.lib.safe_http.client import Unfetchable
from tasks.enums import ErrandKind, ErrandState
from tasks.errands import finish, give_up
from tasks.models import Errand, InputPicture, Task
from tasks.pictures import inputs

logger = logging.getLogger(__name__)

# Time for Midjourney to show a job in the DM, before the channel's message is asked.
SHOW_PATIENCE: Final = timedelta(seconds=8)
LIFE: Final = timedelta(seconds=90)
FIRST_PAUSE: Final = 4.0  # seconds before the next try, then longer

_tries: Final = backoff.Streaks()
# Time for which an upload is tried again.
PATIENCE: Final = timedelta(seconds=20)


def waiting() -> list[int]:
    """Return the ids of due errands, and end those that took too long."""
    now = timezone.now()
    rows = Errand.objects.filter(state=ErrandState.WAITING)
    for errand in rows.filter(created_at__lt=now - LIFE)[:200]:
        give_up(errand.pk, *_too_late(errand))
    free = rows.filter(due("claimed_until", now))
    return list(free.order_by("pk").values_list("pk", flat=True)[:200])


def _too_late(errand: Errand) -> tuple[str, str]:
    if errand.kind == ErrandKind.SEED:
        return "超时，未找到 seed", "Timed out, the seed was not found"
    if errand.kind == ErrandKind.PRESS and errand.nonce:
        return "超时，结果未知", "Timed out, it is not known whether it was pressed"
    return "超时", "Timed out"


def _claim(errand_id: int) -> tuple[Errand, GatewaySession] | None:
    rows = Errand.objects.filter(pk=errand_id, state=ErrandState.WAITING)
    free = rows.filter(due("claimed_until"))
    errand = free.select_related("account", "task").first()
    if errand is None:
        return None
    uploads_only = errand.kind == ErrandKind.UPLOAD
    if (session := _session_of(errand, though_resting=uploads_only)) is None:
        return None
    rows = rows.filter(still_open(session))
    claimed = claim(rows, "claimed_until", CLAIM)
    return (errand, session) if claimed else None


def _renew(errand_id: int) -> None:
    rows = Errand.objects.filter(pk=errand_id, state=ErrandState.WAITING)
    renew(rows, "claimed_until", CLAIM)


async def run(errand_id: int) -> None:
    """Run an errand, unless another worker does.

    Safe to call any number of times.
    """
    await faults.watch(Work("errand", errand_id, _break_off), _run)


def _break_off(errand_id: int, reason: str) -> None:
    zh, _, en = reason.partition(" / ")
    give_up(errand_id, zh, en)


async def _run(errand_id: int) -> None:
    claimed = await in_thread(_claim, errand_id)
    if claimed is None:
        return
    errand, session = claimed
    http = await clients.client_of(errand.account)
    try:
        async with renewing(_renew, errand_id, RENEW_EVERY):
            await _do(http, errand, session)
    except UploadFailed as exc:
        zh = FAILED.partition(" /")[0]
        await in_thread(_again_or_never, errand, zh, str(exc), exc.permanent)
    except Unfetchable as exc:
        await in_thread(_again_or_never, errand, exc.zh, exc.en, exc.permanent)
    except FileNotFoundError:
        text = "文件不存在", "The picture is not kept any more"
        await in_thread(give_up, errand_id, *text)
    except (DiscordException, RequestException, OSError) as exc:
        await in_thread(_again, errand, str(exc) or type(exc).__name__)
    except UnknownCommand as exc:
        text = "Discord 没有该命令", f"Discord lists no command {exc}"
        await in_thread(give_up, errand_id, *text)


async def _do(http: DiscordHttp, errand: Errand, session: GatewaySession) -> None:
    match ErrandKind(errand.kind):
        case ErrandKind.UPLOAD:
            await _upload(http, errand)
        case ErrandKind.PRESS:
            await _press(http, errand)
        case ErrandKind.SEED:
            await _ask_seed(http, errand, session)


def _again(errand: Errand, reason: str) -> None:
    """Let an errand wait for its next try, longer each time."""
    pause = backoff.delay(_tries.again(errand.pk), first=FIRST_PAUSE, longest=30.0)
    logger.warning("errand %s: %s, tried again in %.1f s", errand.pk, reason, pause)
    rows = Errand.objects.filter(pk=errand.pk, state=ErrandState.WAITING)
    rows.update(claimed_until=timezone.now() + timedelta(seconds=pause))


def _again_or_never(errand: Errand, zh: str, en: str, hopeless: bool) -> None:  # noqa: FBT001
    """Try an upload again, or end it while its caller still waits."""
    if hopeless or timezone.now() - errand.created_at > PATIENCE:
        give_up(errand.pk, zh, en)
    else:
        _again(errand, en)


async def _upload(http: DiscordHttp, errand: Errand) -> None:
    brought = await in_thread(lambda: list(errand.inputs.all()))
    for picture in brought:
        if picture.link:
            continue
        name, channel_id = inputs.name_at_discord(picture), errand.account.channel_id
        async with in_memory(picture, errand.account_id) as (body, kind):
            picture.link = await uploads.link(http, channel_id, name, body, kind)
        rows = InputPicture.objects.filter(pk=picture.pk)
        await in_thread(rows.update, link=picture.link)
    await in_thread(finish, errand.pk, [picture.link for picture in brought])


async def _at_its_turn(errand: Errand) -> GatewaySession | None:
    """Wait for the errand's turn in the account's pace; return the session then.

    None means that it has no turn yet, or that nothing can be sent. The sweep tries
    again.
    """
    session = None
    if moment := await in_thread(lane.reserve, errand.account):
        await asyncio.sleep((moment - timezone.now()).total_seconds())
        session = await in_thread(_session_of, errand, though_resting=True)
    await in_thread(_renew if session else _free, errand.pk)
    return session


def _session_of(errand: Errand, *, though_resting: bool) -> GatewaySession | None:
    """Return the open session of the errand's account, or None."""
    ready = DiscordAccount.objects.filter(state=AccountState.READY)
    account = ready.filter(pk=errand.account_id).first()
    return sendable_session(account, though_resting=though_resting)


def _free(errand_id: int) -> None:
    rows = Errand.objects.filter(pk=errand_id, state=ErrandState.WAITING)
    rows.update(claimed_until=None)


async def _press(http: DiscordHttp, errand: Errand) -> None:
    if errand.task is None:
        return
    if errand.nonce:
        # The first press was taken or may still arrive, and a second one would undo it.
        # Events bring the outcome.
        return
    if (session := await _at_its_turn(errand)) is None:
        return
    body = payloads.button(
        place_of(errand.task, errand.account, session),
        new_nonce(),
        message_id=errand.task.buttons_message_id,
        flags=errand.task.message_flags,
        custom_id=errand.custom_id,
    )
    await _post(http, errand, session, body)


async def _ask_seed(http: DiscordHttp, errand: Errand, session: GatewaySession) -> None:
    """Show the job in the direct messages, then ask there with an envelope.

    If it does not appear there, the message in the channel is asked.
    """
    task = errand.task
    if task is None or not task.job_id:
        return
    place = await in_thread(place_of, task, errand.account, session)
    dm = await channel_with(http, errand.account, place.application_id)
    if task.seed_message_id:
        await http.react(dm, task.seed_message_id, ENVELOPE)
    elif errand.nonce and timezone.now() - errand.created_at > SHOW_PATIENCE:
        await http.react(place.channel_id, task.buttons_message_id, ENVELOPE)
    elif now := await _at_its_turn(errand):
        here = Place(place.application_id, dm, now.session_id)
        body = await in_thread(_show, errand.account_id, here, task)
        await _post(http, errand, now, body)


def _show(account_id: int, here: Place, task: Task) -> Interaction:
    command = find_command(account_id, here.application_id, "show")
    option = payloads.text_option("job_id", task.job_id or "")
    return payloads.slash_command(here, new_nonce(), command, [option])


async def _post(
    http: DiscordHttp, errand: Errand, session: GatewaySession, body: Interaction
) -> None:
    """Post an interaction that draws nothing; `events.presses` handles its outcome."""
    nonce, began = body["nonce"], time.monotonic()
    note = partial(_note_nonce, errand.pk, session)
    right = PostClaim(nonce, note, began)
    try:
        if not await in_thread(note, errand.nonce, nonce):
            return
        sent_at = timezone.now()
        posted = await posting.post(http, errand.account, body, right)
    except faults.AWAY:
        await outcomes.keep(_not_sent, errand.pk, right.nonce)
        raise
    if posted:
        await outcomes.keep(settle, errand, posted.answer, sent_at)
    else:
        await outcomes.keep(_not_sent, errand.pk, right.nonce)


def _not_sent(errand_id: int, nonce: str) -> None:
    """Let an errand run again, if it still has this nonce: no post has left."""
    rows = Errand.objects.filter(pk=errand_id, state=ErrandState.WAITING, nonce=nonce)
    rows.update(nonce=None)


@dataclass(frozen=True)
class _SentErrand(Sent):
    """An errand whose interaction was posted."""

    errand: Errand
    sent_at: datetime

    def asked_at(self) -> datetime | None:
        return self.sent_at

    def taken(self) -> None:
        if self.errand.kind == ErrandKind.PRESS:
            _press_once(self.errand.pk)

    def unanswered(self, answer: Answer) -> None:
        if self.errand.kind == ErrandKind.PRESS:
            _press_once(self.errand.pk)
        else:
            _again(self.errand, answer.reason)  # to be shown a job twice does no harm

    def later(self, answer: Answer, moment: datetime) -> None:
        rows = Errand.objects.filter(pk=self.errand.pk, state=ErrandState.WAITING)
        rows.update(nonce=None, claimed_until=moment)

    def account_refused(self, answer: Answer) -> None:
        give_up(self.errand.pk, answer.reason, answer.reason)

    def refused(self, answer: Answer) -> None:
        give_up(self.errand.pk, answer.reason, answer.reason)


def settle(errand: Errand, answer: Answer, sent_at: datetime) -> None:
    """Apply Discord's answer to the post; the bot's own answer comes as events."""
    refusals.settle(errand.account_id, _SentErrand(errand, sent_at), answer)


def _note_nonce(
    errand_id: int, session: GatewaySession, old: str | None, fresh: str
) -> bool:
    """Commit the interaction's nonce `fresh` before its post, in place of `old`.

    Returns False if the errand is over, another worker has posted it, or the account's
    session is not open any more.
    """
    rows = Errand.objects.filter(pk=errand_id, state=ErrandState.WAITING, nonce=old)
    rows = rows.filter(still_open(session))
    return bool(rows.update(nonce=fresh, interaction_id="", message_id=""))


def _press_once(errand_id: int) -> None:
    """Keep a press from being repeated: a second one would undo the first."""
    rows = Errand.objects.filter(pk=errand_id, state=ErrandState.WAITING)
    rows.update(claimed_until=timezone.now() + LIFE)
