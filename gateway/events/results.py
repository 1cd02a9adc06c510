"""End tasks with their results: pictures, and answers in text."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from accounts.enums import SpeedMode
from gateway.events import windows
from gateway.events.matching import Match
from gateway.protocol import messages
from gateway.protocol.content import Content
from gateway.protocol.messages import Attachment, Message
from gateway.protocol.shapes import ClientButton
from gateway.protocol.words import Words
from tasks import custom_ids
from tasks.enums import Delivery, TaskAction, TaskStatus
from tasks.models import Task
from tasks.models.task_changes import TaskChanges
from tasks.pictures.store import UnknownSource, cdn_url
from tasks.prompts.numbered import numbered
from tasks.prompts.sent_text import sends_prompt
from tasks.services import advance

logger = logging.getLogger(__name__)

_SPEEDS: Final[Mapping[str, str]] = {
    "fast": SpeedMode.FAST,
    "relaxed": SpeedMode.RELAX,
    "turbo": SpeedMode.TURBO,
}


def drawn(match: Match, message: Message, said: Content, picture: Attachment) -> bool:
    """End a task with its picture; return False if it was over."""
    task, changes = match.task, of_picture(match, message, said, picture)
    return advance(task.pk, TaskStatus.SUCCESS, known=task, **changes)


def of_picture(
    match: Match, message: Message, said: Content, picture: Attachment
) -> TaskChanges:
    """Return what the message of a result says."""
    task = match.task
    changes = _common(match, message)
    changes |= {
        "final_prompt": said.prompt,
        "mode": speed_of(said) or _untold_speed(task),
        "picture_source": picture.url,
        "picture_type": picture.content_type,
        "picture_width": picture.width,
        "picture_height": picture.height,
    }
    if task.action == TaskAction.SHOW:
        changes |= _shown(said, messages.client_buttons(message))
    else:
        changes |= _job(task, message)
    return changes


def speed_of(said: Content) -> str:
    """Return the speed in a job's message, or ""."""
    return _SPEEDS.get(said.mode, "")


def _untold_speed(task: Task) -> str:
    """Return the speed of a result whose message has none.

    A task with a prompt has sent its speed in it. A picture out of a grid has the speed
    of the grid.
    """
    if sends_prompt(task):
        return task.mode
    parent = Task.objects.filter(pk=task.parent_id or 0).values_list("mode", flat=True)
    return parent.first() or ""


def _job(task: Task, message: Message) -> TaskChanges:
    """Return the job's uuid as a field.

    A clip may carry the uuid of its video, which is only its shown one.
    """
    if message.job_id and message.job_id == _parents_job(task):
        return {"shown_job_id": message.job_id}
    return {"job_id": message.job_id or task.job_id}


def _parents_job(task: Task) -> str | None:
    if task.parent_id is None:
        return None
    parent = Task.objects.filter(pk=task.parent_id).values_list("job_id", flat=True)
    return parent.first()


def _shown(said: Content, buttons: list[ClientButton]) -> TaskChanges:
    """Return the action and prompt of a job that was shown again.

    The job itself belongs to the user who drew it.
    """
    ids = [str(button["customId"]) for button in buttons]
    action = TaskAction.SHOW
    for beginning, meaning in (
        (custom_ids.UPSCALE_ANY, TaskAction.IMAGINE),
        (custom_ids.INPAINT_ANY, TaskAction.UPSCALE),
        (custom_ids.DESCRIBED_ANY, TaskAction.DESCRIBE),
    ):
        if any(custom_id.startswith(beginning) for custom_id in ids):
            action = meaning
            break
    return {"action": action, "prompt": said.prompt, "prompt_en": said.prompt}


def worded(match: Match, message: Message, words: Words) -> bool:
    """End a describe or shorten task with the text of its answer."""
    task = match.task
    texts = numbered(words.text)
    changes = _common(match, message)
    changes |= {"final_prompt": words.text, "texts": texts}
    changes["mode"] = ""  # nothing is drawn
    if task.action == TaskAction.DESCRIBE:
        changes |= {
            "prompt": words.text,
            "prompt_en": words.text,
            "picture_source": _ours(words) or task.preview_source,
            "picture_width": words.width,
            "picture_height": words.height,
        }
    else:
        changes["description"] = words.text
    if message.id == task.parent_message_id:
        changes["message_id"] = None  # it edits the message of an earlier task
    return advance(task.pk, TaskStatus.SUCCESS, known=task, **changes)


def _ours(words: Words) -> str:
    """Return the described picture's link, at Discord's CDN if it has one there."""
    for url in (words.picture_url, words.picture_proxy_url):
        try:
            cdn_url(url)
        except UnknownSource:
            continue
        return url
    return words.picture_url


def _common(match: Match, message: Message) -> TaskChanges:
    task = match.task
    return {
        "progress": 100,
        "message_id": message.id,
        "message_flags": message.flags,
        "message_content": message.text,
        "interaction_id": task.interaction_id
        or (message.interaction_ids[0] if message.interaction_ids else None),
        "description": task.description,
        "buttons": messages.client_buttons(message),
        "delivery": Delivery.ACCEPTED,
        "matched_by": match.by,
        **windows.did_not_open(task),
    }


def is_news(task: Task, words: Words) -> bool:
    """Return whether an edited message has a text that it had not before."""
    before = Task.objects.filter(status=TaskStatus.SUCCESS, account=task.account_id)
    holders = before.filter(message_id=task.parent_message_id) | before.filter(
        parent_message_id=task.parent_message_id
    )
    return not holders.filter(final_prompt=words.text).exists()
