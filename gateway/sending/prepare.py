"""Upload a waiting task's pictures before it is sent."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db.models import Q, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from accounts.enums import AccountState
from accounts.models import DiscordAccount
from accounts.state.changes import trouble
from gateway.discord import clients, uploads
from gateway.discord.rest import DiscordHttp
from gateway.discord.uploads import UploadFailed
from gateway.sending.brought_pictures import in_memory
from gateway.timing import CLAIM, RENEW_EVERY
from mjproxy.lib import faults
from mjproxy.lib.db.claim import claim, due, renew, renewing
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process import backoff
from mjproxy.lib.process.bulkhead import Places
from mjproxy.lib.safe_http.client import Unfetchable
from tasks.enums import InputRole, TaskAction, TaskStatus
from tasks.models import InputPicture, Task
from tasks.pictures import inputs
from tasks.prompts import links
from tasks.prompts.text import echo_key
from tasks.services import fail, mark_prepared
from tasks.submit.extensions import (
    CLIP_IS_OPEN,
    ClipMissing,
    found_on_clip,
    waits_for_clip,
)
from tasks.waiting.reason import again

logger = logging.getLogger(__name__)

MOST_TRIES: Final = 4
FIRST_PAUSE: Final = 4.0  # seconds before the next try, then longer
FAILED: Final = "上传图片到discord失败 / uploading the picture to Discord failed"
NO_CLIP: Final = "未能选出要延长的片段 / the clip to be extended could not be had"
# Preparations at once: of the process, and of one user.
_places: Final = Places(in_all=64, each=8)
_under_way: Final[set[int]] = set()


@dataclass(frozen=True)
class Work:
    task: Task
    account: DiscordAccount
    pictures: list[InputPicture]


def take(task_id: int) -> Work | None:
    """Claim a task that waits for its uploads; return None if another worker has it."""
    rows = Task.objects.filter(pk=task_id, status=TaskStatus.NOT_START)
    # Without a join, so that the UPDATE itself checks that no other worker was first.
    ready = DiscordAccount.objects.filter(state=AccountState.READY)
    rows = rows.filter(prepared=False, account__in=ready.order_by())
    if rows.filter(CLIP_IS_OPEN).exists():
        return None
    if not claim(rows, "prepare_after", CLAIM):
        return None
    task = Task.objects.select_related("account", "parent").get(pk=task_id)
    if task.account is None:
        return None
    brought = task.inputs.exclude(role=InputRole.MASK)
    return Work(task, task.account, list(brought))


async def prepare(task_id: int) -> None:
    """Upload a waiting task's pictures, then release it for dispatch."""
    if task_id in _under_way:
        return  # it already waits for its owner's place
    _under_way.add(task_id)
    try:
        await faults.watch(faults.Work("preparing task", task_id, fail), _in_turn)
    finally:
        _under_way.discard(task_id)


async def _in_turn(task_id: int) -> None:
    owner = await in_thread(_owner_of, task_id)
    if owner is not None:
        async with _places.place(owner):
            await _prepare(task_id)


def _owner_of(task_id: int) -> int | None:
    rows = Task.objects.filter(pk=task_id, status=TaskStatus.NOT_START, prepared=False)
    return rows.values_list("owner", flat=True).first()


async def _prepare(task_id: int) -> None:
    work = await in_thread(take, task_id)
    if work is None:
        return
    http = await clients.client_of(work.account)
    try:
        async with renewing(_renew, task_id, RENEW_EVERY):
            for picture in work.pictures:
                if not (picture.link or picture.upload_name):
                    await _bring(http, work.account, picture)
    except Unfetchable as exc:
        reason = f"链接错误: {exc.zh} / a link cannot be fetched: {exc.en}"
        await in_thread(_retry_or_fail, work.task, reason, permanent=exc.permanent)
    except UploadFailed as exc:
        if exc.status == 401:
            dead = (work.account.pk, AccountState.INVALID_TOKEN, str(exc))
            await in_thread(trouble, *dead, revision=work.account.revision)
        reason = f"{FAILED}: {exc}"
        permanent = exc.permanent and exc.status != 401
        await in_thread(_retry_or_fail, work.task, reason, permanent=permanent)
    except FileNotFoundError:
        await in_thread(fail, task_id, "文件不存在 / the picture is not kept any more")
    else:
        await in_thread(_ready, work)


def _renew(task_id: int) -> None:
    rows = Task.objects.filter(pk=task_id, status=TaskStatus.NOT_START, prepared=False)
    renew(rows, "prepare_after", CLAIM)


async def _bring(
    http: DiscordHttp, account: DiscordAccount, picture: InputPicture
) -> None:
    async with in_memory(picture, account.pk) as (body, content_type):
        name = inputs.name_at_discord(picture)
        what = http, account.channel_id, name, body, content_type
        if picture.role == InputRole.COMMAND:
            picture.upload_name = await uploads.attach(*what)
        else:
            picture.link = await uploads.link(*what)
    places = {"upload_name": picture.upload_name, "link": picture.link}
    await in_thread(InputPicture.objects.filter(pk=picture.pk).update, **places)


def _ready(work: Work) -> None:
    task, brought = work.task, work.pictures
    changes = {}
    if task.action not in (TaskAction.BLEND, TaskAction.DESCRIBE):
        changes = with_links(task, brought)
    try:
        clip = found_on_clip(task) if waits_for_clip(task) else {}
    except ClipMissing as exc:
        fail(task.pk, f"{NO_CLIP}: {exc}", where=Q(status=TaskStatus.NOT_START))
        return
    mark_prepared(task, **changes, **clip)


def with_links(task: Task, brought: list[InputPicture]) -> dict[str, str]:
    """Return the task's texts with the links of its uploaded pictures."""
    before = [p.link for p in brought if p.role == InputRole.PROMPT]
    swapped = {p.source_url: p.link for p in brought if p.role == InputRole.LINK}
    after = [f"--end {p.link}" for p in brought if p.role == InputRole.END_FRAME]

    def linked(text: str) -> str:
        text = links.replace_links(text, swapped)
        return " ".join(part for part in [*before, text, *after] if part)

    prompt, english = linked(task.prompt), linked(task.prompt_en)
    if task.custom_id:
        return {"prompt_en": english}
    changes = {"prompt": prompt, "prompt_en": english}
    if task.action == TaskAction.SHORTEN:
        return changes | {"description": f"/shorten {prompt}"}
    return changes | {
        "description": f"/imagine {prompt}",
        "echo_key": echo_key(english),
    }


def _retry_or_fail(task: Task, reason: str, *, permanent: bool) -> None:
    waiting = Q(status=TaskStatus.NOT_START, prepared=False)
    if permanent or task.prepare_tries >= MOST_TRIES:
        fail(task.pk, reason, where=waiting)
        return
    tries = task.prepare_tries + 1
    pause = backoff.delay(tries, first=FIRST_PAUSE)
    logger.warning("task %s: %s, tried again in %.1f s", task.pk, reason, pause)
    Task.objects.filter(waiting, pk=task.pk).update(
        prepare_tries=tries,
        prepare_after=timezone.now() + timedelta(seconds=pause),
        waiting_reason=again("稍后再试", "tried again soon", reason),
    )


def unprepared() -> list[int]:
    """Return the ids of waiting tasks whose uploads are due; users take turns."""
    rows = Task.objects.filter(
        due("prepare_after"),
        status=TaskStatus.NOT_START,
        prepared=False,
        account__state=AccountState.READY,
    )
    turn = Window(RowNumber(), partition_by="owner", order_by="pk")
    rows = rows.exclude(CLIP_IS_OPEN).annotate(turn=turn)
    return list(rows.order_by("turn", "pk").values_list("pk", flat=True)[:200])
