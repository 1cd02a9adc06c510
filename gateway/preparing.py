"""Before a task is sent: what it brought along is put where Midjourney finds it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db.models import Q
from django.utils import timezone

from accounts import backoff
from accounts.enums import AccountState
from accounts.models import DiscordAccount
from accounts.standing import trouble
from gateway import clients, uploads
from gateway.claims import renewing
from gateway.http import DiscordHttp
from gateway.timing import CLAIM, FETCH_TIMEOUT
from gateway.uploads import UploadFailed
from tasks import (
    cdn,
    faults,
    fetcher,
    inputs,
    links,
    own_pictures,
    pictures,
    prompts,
)
from tasks.database import in_thread
from tasks.enums import InputRole, TaskAction, TaskStatus
from tasks.exceptions import InvalidRequest
from tasks.fetcher import Unfetchable
from tasks.kinds import is_picture
from tasks.links import is_official
from tasks.models import InputPicture, Task
from tasks.services import fail, mark_prepared
from tasks.submit.extensions import (
    CLIP_IS_OPEN,
    ClipMissing,
    found_on_clip,
    waits_for_clip,
)
from tasks.waiting import again

logger = logging.getLogger(__name__)

MOST_TRIES: Final = 4
FIRST_PAUSE: Final = 4.0  # seconds before the next try, then longer
FAILED: Final = "上传图片到discord失败 / uploading the picture to Discord failed"
NO_CLIP: Final = "未能选出要延长的片段 / the clip to be extended could not be had"


@dataclass(frozen=True)
class Work:
    task: Task
    account: DiscordAccount
    pictures: list[InputPicture]


def claim(task_id: int) -> Work | None:
    """Take a task that waits for its uploads; None where another worker has it."""
    now = timezone.now()
    due = Q(prepare_after=None) | Q(prepare_after__lte=now)
    rows = Task.objects.filter(due, pk=task_id, status=TaskStatus.NOT_START)
    # No join: the UPDATE itself must see that nobody else was first.
    ready = DiscordAccount.objects.filter(state=AccountState.READY)
    rows = rows.filter(prepared=False, account__in=ready.order_by())
    if rows.filter(CLIP_IS_OPEN).exists():
        return None
    if not rows.update(prepare_after=now + CLAIM):
        return None
    task = Task.objects.select_related("account", "parent").get(pk=task_id)
    if task.account is None:
        return None
    brought = task.inputs.exclude(role=InputRole.MASK)
    return Work(task, task.account, list(brought))


async def prepare(task_id: int) -> None:
    """Upload what a waiting task brought along, then let dispatch have it."""
    await faults.watch(faults.Work("preparing task", task_id, fail), _prepare)


async def _prepare(task_id: int) -> None:
    work = await in_thread(claim, task_id)
    if work is None:
        return
    http = await clients.client_of(work.account)
    try:
        async with renewing(_renew, task_id):
            for picture in work.pictures:
                if not (picture.link or picture.upload_name):
                    await _bring(http, work.account.channel_id, picture)
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
    rows.update(prepare_after=timezone.now() + CLAIM)


async def _bring(http: DiscordHttp, channel_id: str, picture: InputPicture) -> None:
    body, content_type = await contents(picture)
    name = inputs.name_at_discord(picture)
    if picture.role == InputRole.COMMAND:
        found = await uploads.attach(http, channel_id, name, body, content_type)
        picture.upload_name = found
    else:
        picture.link = await uploads.link(http, channel_id, name, body, content_type)
    await in_thread(picture.save, update_fields=["upload_name", "link"])


async def contents(picture: InputPicture) -> tuple[bytes, str]:
    """Return bytes and type of a brought picture, fetched through the guard if a link.

    Raises Unfetchable, FileNotFoundError.
    """
    if picture.file:
        body = await in_thread(pictures.read_input, picture.file)
        return body, picture.content_type
    try:
        body = await _fetched(picture.source_url)
        kind, width, height = await in_thread(inputs.measure, body)
    except InvalidRequest as exc:
        zh = exc.zh.replace("base64", "图片")
        raise Unfetchable(zh, exc.en, permanent=True) from exc
    picture.content_type, picture.width, picture.height = kind, width, height
    await in_thread(picture.save, update_fields=["content_type", "width", "height"])
    return body, kind


async def _fetched(url: str) -> bytes:
    if own := await in_thread(own_pictures.named_by, url):
        body = await in_thread(own_pictures.kept_bytes, own)
        body = body or await _from_discord(own.picture_source)
        return await in_thread(own_pictures.fitting, body)
    if is_official(url) and await in_thread(_is_at_cdn, url):
        return await _from_discord(url)
    found = await fetcher.get(
        url, max_bytes=inputs.MAX_BYTES, wanted=is_picture, timeout=FETCH_TIMEOUT
    )
    return found.body


def _is_at_cdn(url: str) -> bool:
    try:
        return bool(pictures.cdn_url(url))
    except pictures.UnknownSource:
        return False


async def _from_discord(source: str) -> bytes:
    """Return what lies at Discord's CDN. Raises Unfetchable."""
    try:
        url = await in_thread(pictures.cdn_url, source)
        return (await cdn.download(url)).body
    except pictures.UnknownSource as exc:
        raise Unfetchable(
            "链接无法访问", "the picture is not at Discord", permanent=True
        ) from exc
    except cdn.CdnError as exc:
        raise Unfetchable("链接无法访问", str(exc), permanent=exc.gone) from exc


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
    """Return the task's texts with the links that stand for its pictures."""
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
        "echo_key": prompts.echo_key(english),
    }


def _retry_or_fail(task: Task, reason: str, *, permanent: bool) -> None:
    waiting = Q(status=TaskStatus.NOT_START, prepared=False)
    if permanent or task.prepare_tries >= MOST_TRIES:
        fail(task.pk, reason, where=waiting)
        return
    tries = task.prepare_tries + 1
    pause = backoff.delay(tries, first=FIRST_PAUSE)
    logger.warning("task %s: %s, again in %.1f s", task.pk, reason, pause)
    Task.objects.filter(waiting, pk=task.pk).update(
        prepare_tries=tries,
        prepare_after=timezone.now() + timedelta(seconds=pause),
        waiting_reason=again("稍后再试", "tried again soon", reason),
    )


def unprepared() -> list[int]:
    """Return the waiting tasks whose uploads are due."""
    now = timezone.now()
    due = Q(prepare_after=None) | Q(prepare_after__lte=now)
    rows = Task.objects.filter(
        due,
        status=TaskStatus.NOT_START,
        prepared=False,
        account__state=AccountState.READY,
    )
    rows = rows.exclude(CLIP_IS_OPEN)
    return list(rows.order_by("pk").values_list("pk", flat=True)[:200])
