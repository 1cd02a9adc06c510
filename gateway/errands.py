"""Running errands: uploads, presses that draw nothing, questions for a seed."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from functools import partial
from typing import Any, Final

from curl_cffi.requests.exceptions import RequestException
from discord.errors import DiscordException
from django.db.models import Q
from django.utils import timezone

from accounts import backoff
from accounts.enums import AccountState
from accounts.models import DiscordAccount
from gateway import clients, lanes, posting, uploads
from gateway.claims import CLAIM, renewing
from gateway.commands import UnknownCommand, find_command
from gateway.direct import channel_with
from gateway.http import DiscordHttp
from gateway.interactions import place_of
from gateway.leases import is_open
from gateway.models import GatewaySession
from gateway.preparing import FAILED, contents
from gateway.protocol import payloads
from gateway.protocol.answers import Answer, Verdict
from gateway.protocol.payloads import Place
from gateway.refusals import REFUSALS, note_refusal, rest
from gateway.seeds import ENVELOPE
from gateway.uploads import UploadFailed
from tasks import faults, inputs
from tasks.database import in_thread
from tasks.enums import ErrandKind, ErrandState
from tasks.errands import finish, give_up
from tasks.faults import Work
from tasks.fetcher import Unfetchable
from tasks.ids import new_nonce
from tasks.models import Errand, Task

logger = logging.getLogger(__name__)

# So long Midjourney may take to show a job before it is asked for its seed elsewhere.
SHOW_PATIENCE: Final = timedelta(seconds=8)
LIFE: Final = timedelta(seconds=90)
FIRST_PAUSE: Final = 4.0  # seconds before the next try, then longer

_tries: Final = backoff.Streaks()
# So long an upload whose trouble may pass is tried again.
PATIENCE: Final = timedelta(seconds=20)


def waiting() -> list[int]:
    """Return the errands that are due, and end those that took too long."""
    now = timezone.now()
    rows = Errand.objects.filter(state=ErrandState.WAITING)
    for errand in rows.filter(created_at__lt=now - LIFE)[:200]:
        give_up(errand.pk, *_too_late(errand))
    due = rows.filter(Q(claimed_until=None) | Q(claimed_until__lt=now))
    return list(due.order_by("pk").values_list("pk", flat=True)[:200])


def _too_late(errand: Errand) -> tuple[str, str]:
    if errand.kind == ErrandKind.SEED:
        return "超时，未找到 seed", "Timed out, the seed was not found"
    return "超时", "Timed out"


def _claim(errand_id: int) -> tuple[Errand, GatewaySession] | None:
    now = timezone.now()
    rows = Errand.objects.filter(pk=errand_id, state=ErrandState.WAITING).filter(
        Q(claimed_until=None) | Q(claimed_until__lt=now)
    )
    errand = rows.select_related("account", "task").first()
    if errand is None or (session := _session_of(errand)) is None:
        return None
    if errand.kind != ErrandKind.UPLOAD and lanes.is_resting(errand.account_id):
        return None
    claimed = rows.update(claimed_until=now + CLAIM)
    return (errand, session) if claimed else None


def _renew(errand_id: int) -> None:
    rows = Errand.objects.filter(pk=errand_id, state=ErrandState.WAITING)
    rows.update(claimed_until=timezone.now() + CLAIM)


async def run(errand_id: int) -> None:
    """Run an errand that nobody else runs; safe to call any number of times."""
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
        match ErrandKind(errand.kind):
            case ErrandKind.UPLOAD:
                async with renewing(_renew, errand_id):
                    await _upload(http, errand)
            case ErrandKind.PRESS:
                await _press(http, errand)
            case ErrandKind.SEED:
                await _ask_seed(http, errand, session)
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


def _again(errand: Errand, reason: str) -> None:
    """Let an errand wait for its next try, longer each time."""
    pause = backoff.delay(_tries.again(errand.pk), first=FIRST_PAUSE, longest=30.0)
    logger.warning("errand %s: %s, again in %.1f s", errand.pk, reason, pause)
    rows = Errand.objects.filter(pk=errand.pk, state=ErrandState.WAITING)
    rows.update(claimed_until=timezone.now() + timedelta(seconds=pause))


def _again_or_never(errand: Errand, zh: str, en: str, hopeless: bool) -> None:  # noqa: FBT001
    """Let an upload be tried again, or end it.

    Somebody waits for it, so it ends while they are still there.
    """
    if hopeless or timezone.now() - errand.created_at > PATIENCE:
        give_up(errand.pk, zh, en)
    else:
        _again(errand, en)


async def _upload(http: DiscordHttp, errand: Errand) -> None:
    brought = await in_thread(lambda: list(errand.inputs.all()))
    for picture in brought:
        if picture.link:
            continue
        body, content_type = await contents(picture)
        name = inputs.name_at_discord(picture)
        picture.link = await uploads.link(
            http, errand.account.channel_id, name, body, content_type
        )
        await in_thread(picture.save, update_fields=["link"])
    await in_thread(finish, errand.pk, [picture.link for picture in brought])


async def _at_its_turn(errand: Errand) -> GatewaySession | None:
    """Wait for the errand's turn in the account's pace; return the session of then.

    None where it has no turn yet, or nothing can be sent: the sweep tries it again.
    """
    session = None
    if moment := await in_thread(lanes.reserve, errand.account):
        async with renewing(_renew, errand.pk):
            await asyncio.sleep((moment - timezone.now()).total_seconds())
        session = await in_thread(_session_of, errand)
    await in_thread(_renew if session else _free, errand.pk)
    return session


def _session_of(errand: Errand) -> GatewaySession | None:
    """Return the session that the errand's account may be spoken for in, if any."""
    account = DiscordAccount.objects.filter(pk=errand.account_id).first()
    session = GatewaySession.objects.filter(account=errand.account_id).first()
    if account is None or account.state != AccountState.READY or session is None:
        return None
    return session if is_open(session, account) else None


def _free(errand_id: int) -> None:
    rows = Errand.objects.filter(pk=errand_id, state=ErrandState.WAITING)
    rows.update(claimed_until=None)


async def _press(http: DiscordHttp, errand: Errand) -> None:
    if errand.task is None:
        return
    if errand.interaction_id:
        return  # Discord has taken it: what becomes of it, events tell
    if (session := await _at_its_turn(errand)) is None:
        return
    body = payloads.button(
        place_of(errand.task, errand.account, session),
        new_nonce(),
        message_id=errand.task.buttons_message_id,
        flags=errand.task.message_flags,
        custom_id=errand.custom_id,
    )
    await _post(http, errand, body)


async def _ask_seed(http: DiscordHttp, errand: Errand, session: GatewaySession) -> None:
    """Show the job in the direct messages, then ask there with an envelope.

    Where it does not show itself, the message in the channel is asked.
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
        await _post(http, errand, body)


def _show(account_id: int, here: Place, task: Task) -> dict[str, Any]:
    command = find_command(account_id, here.application_id, "show")
    option = payloads.text_option("job_id", task.job_id or "")
    return payloads.slash_command(here, new_nonce(), command, [option])


async def _post(http: DiscordHttp, errand: Errand, body: dict[str, Any]) -> None:
    """Post an interaction that draws nothing; `gateway.presses` hears its outcome."""
    if not await in_thread(_note_nonce, errand, body["nonce"]):
        return
    sent_at = timezone.now()
    posted = await posting.post(
        http, errand.account, body, partial(_renew_nonce, errand)
    )
    answer = posted.answer if posted else Answer(Verdict.UNKNOWN)
    if answer.verdict is Verdict.ACCEPTED:
        if errand.kind == ErrandKind.PRESS:
            await in_thread(_press_once, errand.pk)
    elif answer.verdict is Verdict.LATER:
        await in_thread(rest, errand.account_id, answer)
    elif answer.verdict is Verdict.UNKNOWN:
        await in_thread(_again, errand, answer.reason)
    else:
        await in_thread(give_up, errand.pk, answer.reason, answer.reason)
        if answer.verdict in REFUSALS:
            refused = errand.account_id, answer
            await in_thread(note_refusal, *refused, asked_at=sent_at)


def _note_nonce(errand: Errand, nonce: str) -> bool:
    """Commit the interaction's nonce before its post; False where it is over."""
    rows = Errand.objects.filter(pk=errand.pk, state=ErrandState.WAITING)
    return bool(rows.update(nonce=nonce, interaction_id="", message_id=""))


def _renew_nonce(errand: Errand, _: str) -> str:
    """Commit another nonce; "" where the errand is over."""
    nonce = new_nonce()
    return nonce if _note_nonce(errand, nonce) else ""


def _press_once(errand_id: int) -> None:
    """Leave an accepted press alone: a second one would take it back."""
    rows = Errand.objects.filter(pk=errand_id, state=ErrandState.WAITING)
    rows.update(claimed_until=timezone.now() + LIFE)
