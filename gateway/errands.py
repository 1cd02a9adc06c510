"""Running errands: uploads, presses that draw nothing, questions for a seed."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, Final

from curl_cffi.requests.exceptions import RequestException
from discord.errors import DiscordException
from django.db.models import Q
from django.utils import timezone

from accounts.enums import AccountState
from gateway import clients, lanes, uploads
from gateway.claims import CLAIM, renewing
from gateway.commands import UnknownCommand, find_command
from gateway.direct import channel_with
from gateway.http import DiscordHttp
from gateway.interactions import place_of
from gateway.leases import is_held
from gateway.models import GatewaySession
from gateway.preparing import FAILED, contents
from gateway.protocol import payloads
from gateway.protocol.answers import Verdict
from gateway.protocol.payloads import Place
from gateway.refusals import REFUSALS, note_refusal
from gateway.seeds import ENVELOPE
from gateway.uploads import UploadFailed
from tasks import inputs
from tasks.database import in_thread
from tasks.enums import ErrandKind, ErrandState
from tasks.errands import finish, give_up
from tasks.fetcher import Unfetchable
from tasks.ids import new_nonce
from tasks.models import Errand, Task

logger = logging.getLogger(__name__)

# So long Midjourney may take to show a job before it is asked for its seed elsewhere.
SHOW_PATIENCE: Final = timedelta(seconds=8)
LIFE: Final = timedelta(seconds=90)


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
    if errand is None or errand.account.state != AccountState.READY:
        return None
    session = GatewaySession.objects.filter(account=errand.account).first()
    if session is None or not (session.is_live and is_held(session)):
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
                await _press(http, errand, session)
            case ErrandKind.SEED:
                await _ask_seed(http, errand, session)
    except UploadFailed as exc:
        if exc.permanent:
            await in_thread(give_up, errand_id, FAILED.partition(" /")[0], str(exc))
    except Unfetchable as exc:
        await in_thread(give_up, errand_id, exc.zh, exc.en)
    except (DiscordException, RequestException, OSError) as exc:
        logger.warning("errand %s: %s, again later", errand_id, exc)
    except UnknownCommand as exc:
        text = "Discord 没有该命令", f"Discord lists no command {exc}"
        await in_thread(give_up, errand_id, *text)


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


async def _press(http: DiscordHttp, errand: Errand, session: GatewaySession) -> None:
    if errand.task is None:
        return
    body = payloads.button(
        place_of(errand.task, errand.account, session),
        new_nonce(),
        message_id=errand.task.buttons_message_id,
        flags=errand.task.message_flags,
        custom_id=errand.custom_id,
    )
    await _post(http, errand, body, done=True)


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
    elif timezone.now() - errand.created_at > SHOW_PATIENCE:
        await http.react(place.channel_id, task.buttons_message_id, ENVELOPE)
    else:
        here = Place(place.application_id, dm, session.session_id)
        body = await in_thread(_show, errand.account_id, here, task)
        await _post(http, errand, body, done=False)


def _show(account_id: int, here: Place, task: Task) -> dict[str, Any]:
    command = find_command(account_id, here.application_id, "show")
    option = payloads.text_option("job_id", task.job_id or "")
    return payloads.slash_command(here, new_nonce(), command, [option])


async def _post(
    http: DiscordHttp, errand: Errand, body: dict[str, Any], *, done: bool
) -> None:
    """Post an interaction that draws nothing: doing it twice would do no harm."""
    await in_thread(lanes.keep_pace, errand.account)
    answer = await http.post_interaction(body)
    if answer.verdict is Verdict.ACCEPTED:
        if done:
            await in_thread(finish, errand.pk, None)
    elif answer.verdict is Verdict.LATER:
        moment = timezone.now() + timedelta(seconds=answer.retry_after)
        await in_thread(lanes.rest, errand.account_id, moment, answer.reason)
    elif answer.verdict is not Verdict.UNKNOWN:
        await in_thread(give_up, errand.pk, answer.reason, answer.reason)
        if answer.verdict in REFUSALS:
            await in_thread(note_refusal, errand.account_id, answer)
