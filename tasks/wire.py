"""A task in JSON: all keys always present, with the values of the dialect."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import orjson
from django.conf import settings
from django.utils import timezone

from tasks import custom_ids
from tasks.enums import SWAPS, TaskAction, TaskStatus, WindowState
from tasks.models import Task
from tasks.pictures.types import extension
from tasks.task_json import TaskJson
from tasks.waiting.reason import NOTHING, Waiting, waiting_of

_CDN: Final = "https://cdn.midjourney.com/video"
_CLIPS: Final = custom_ids.CLIP.partition("{")[0]
_STATUS_WORDS: Final = dict(TaskStatus.choices)
_ACTION_WORDS: Final = dict(TaskAction.choices)


def tasks_json(tasks: Iterable[Task], base: str = "") -> list[TaskJson]:
    """Return the JSON objects of tasks, with one look-up of why they wait."""
    rows = list(tasks)
    found = waiting_of(rows)
    return [_task_json(task, base, found.get(task.pk, NOTHING)) for task in rows]


def task_json(task: Task, base: str = "") -> TaskJson:
    """Return the JSON object of a task; `base` is the origin of picture links."""
    return _task_json(task, base, waiting_of([task]).get(task.pk, NOTHING))


def _task_json(task: Task, base: str, waiting: Waiting) -> TaskJson:
    account = task.account
    instance_id = account.channel_id if account else ""
    # Only tasks of buttons can be in another channel than the account's own.
    is_away = task.custom_id and task.channel_id != instance_id
    final_prompt = task.final_prompt or ""
    link, thumbnail = _links(task, base)
    video = link if task.picture_type.startswith("video/") else None
    message_id = _message_id(task)
    job_id = task.job_id or task.shown_job_id or None
    return {
        "id": str(task.pk),
        "parentId": str(task.parent_id) if task.parent_id else None,
        "userId": str(task.owner_id),
        "action": task.action,
        "status": task.status,
        "botType": task.bot_type,
        "mode": task.mode or None,
        "requestMode": task.requested_mode or None,
        "prompt": task.prompt,
        "promptEn": task.prompt_en,
        "promptFull": final_prompt or None,
        "description": task.description,
        "state": task.client_state,
        "submitTime": _ms(task.submitted_at),
        "startTime": _ms(task.started_at),
        "finishTime": _ms(task.finished_at),
        "progress": progress_text(task),
        "imageUrl": link,
        "thumbnailUrl": thumbnail,
        "imageUrls": None,
        "videoUrl": video,
        "videoUrls": _clips(task, video),
        "failReason": task.fail_reason,
        "buttons": task.buttons,
        "properties": {
            "notifyHook": task.notify_hook or None,
            "nonce": task.nonce,
            "botType": task.bot_type,
            "discordInstanceId": instance_id,
            "finalPrompt": final_prompt,
            "finalZhPrompt": task.final_prompt_zh,
            "messageId": message_id,
            "messageHash": job_id,
            "messageContent": task.message_content,
            "progressMessageId": task.progress_message_id,
            "referencedMessageId": task.parent_message_id or None,
            "flags": task.message_flags,
            "custom_id": task.custom_id or None,
            "remix": task.window != WindowState.NONE,
            "remix_modal": task.window_id or None,
            "prompts": task.texts,
            "waitingFor": waiting.reason,
            "etaSeconds": waiting.eta_seconds,
        },
        "displays": {
            "status": _STATUS_WORDS.get(task.status, task.status),
            "action": _ACTION_WORDS.get(task.action, task.action),
            "submitTime": _local(task.submitted_at),
            "startTime": _local(task.started_at),
            "finishTime": _local(task.finished_at),
            "discordInstanceId": instance_id,
        },
        "customId": task.custom_id or None,
        "maskBase64": None,
        "nonce": task.nonce,
        "interactionMetadataId": task.interaction_id,
        "messageId": message_id,
        "messageIds": [m for m in (task.progress_message_id, task.message_id) if m],
        "instanceId": instance_id,
        "subInstanceId": (task.channel_id or None) if is_away else None,
        "remixModalMessageId": None,
        "remixAutoSubmit": False,
        "remixModaling": task.window == WindowState.OPEN,
        "seed": task.seed or None,
        "seedMessageId": task.seed_message_id or None,
        "jobId": job_id,
        "clientIp": task.client_ip,
        "isWhite": False,
        "isReplicate": task.action in SWAPS,
        "replicateSource": task.swap_source or None,
        "replicateTarget": task.swap_target or None,
        "accountFilter": task.account_filter,
        "imageWidth": task.picture_width,
        "imageHeight": task.picture_height,
        "contentType": task.picture_type or None,
    }


def task_bytes(task: Task, base: str = "") -> bytes:
    """Return the JSON object of a task as compact bytes."""
    return orjson.dumps(task_json(task, base))


def _clips(task: Task, link: str | None) -> list[dict[str, str | None]] | None:
    """Return the links of a video's clips, or None.

    A video of several clips has one file here with all of them, so each link leads to
    Midjourney, playable in a browser. A single clip is served by this server.
    """
    first = task.buttons[0].get("customId", "") if task.buttons else ""
    if not str(first).startswith(_CLIPS):
        return [{"url": link, "thumbnail": None}] if link else None
    found = (custom_ids.parse(str(b.get("customId"))) for b in task.buttons)
    clips = [b for b in found if b and b.kind.template == custom_ids.CLIP]
    at = [f"{_CDN}/{b.values['h'].lower()}/{b.index - 1}" for b in clips]
    return [{"url": f"{a}.mp4", "thumbnail": f"{a}_640_N.webp"} for a in at]


def _message_id(task: Task) -> str | None:
    """Return the message of the result, or the one whose button was pressed."""
    if task.status == TaskStatus.SUCCESS:
        return task.buttons_message_id or None
    return task.message_id if task.is_terminal else None


def progress_text(task: Task) -> str | None:
    """Return the progress as "42%": "100%" only at SUCCESS, "" after a failure."""
    if task.status == TaskStatus.SUCCESS:
        return "100%"
    if task.status in (TaskStatus.FAILURE, TaskStatus.CANCEL):
        return ""
    if task.status in (TaskStatus.NOT_START, TaskStatus.MODAL):
        return None
    return f"{min(task.progress or 0, 99)}%"


def origin(task: Task, base: str = "") -> str:
    """Return the origin of our links: the configured address, else the caller's."""
    return (
        settings.PUBLIC_URL
        or base
        or task.link_base
        or f"http://{settings.HOST}:{settings.PORT}"
    )


def image_url(task: Task, base: str = "") -> str | None:
    """Return the absolute link of the picture, or of the preview of an open task.

    The name contains a secret of the task, so the link needs no key.
    """
    return _links(task, base)[0]


def thumbnail_url(task: Task, base: str = "") -> str | None:
    """Return the link of a finished picture's thumbnail; None for other tasks.

    It leads to the whole picture until the thumbnail is made.
    """
    return _links(task, base)[1]


def _links(task: Task, base: str) -> tuple[str | None, str | None]:
    """Return the links of the picture and of its thumbnail."""
    name = f"/images/{task.pk}/{task.picture_key}"
    if task.picture_source and task.status == TaskStatus.SUCCESS:
        at = origin(task, base) + name
        is_still = not task.picture_type.startswith("video/")
        thumbnail = f"{at}-w640.webp" if is_still else None
        return f"{at}.{extension(task.picture_type)}", thumbnail
    if task.preview_source and task.is_open:
        return f"{origin(task, base)}{name}-{task.progress or 0}.webp", None
    return task.picture_link or None, None


def _ms(moment: datetime | None) -> int | None:
    return int(moment.timestamp() * 1000) if moment else None


def _local(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    # A list has thousands of these, and Python's formats take several times as long.
    local = moment.astimezone(timezone.get_default_timezone())
    text = orjson.dumps(local, option=orjson.OPT_OMIT_MICROSECONDS)[1:20]
    return text.decode().replace("T", " ")
