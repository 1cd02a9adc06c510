"""Submit new drawings and questions: one of Midjourney's commands each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from accounts.models import User
from tasks.enums import OPEN, BotType, InputRole, TaskAction, TaskStatus
from tasks.exceptions import BannedPrompt, InvalidRequest
from tasks.models import Task
from tasks.pictures.inputs import Brought, behind, read, read_all
from tasks.pictures.own_links import Viewer, find_own
from tasks.prompts import links
from tasks.prompts.banned.groups import banned_words
from tasks.prompts.text import echo_key, without_speed
from tasks.prompts.translation import translate
from tasks.prompts.video import as_video
from tasks.selectors import visible_to
from tasks.submit import limits
from tasks.submit.account import Wanted
from tasks.submit.allowance import check_quotas
from tasks.submit.row import (
    Caller,
    Submitted,
    checked_prompt,
    new_task,
    replayed,
    write,
)
from tasks.webhooks.by_hand import tell_again

# Dimensions of the dialect to parameters of the blend command.
DIMENSIONS: Final = {
    "PORTRAIT": "--ar 2:3",
    "SQUARE": "--ar 1:1",
    "LANDSCAPE": "--ar 3:2",
}
MAX_PROMPT_PICTURES: Final = 10
MAX_LINKS: Final = 10
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def submit_imagine(
    *,
    caller: Caller,
    prompt: str,
    bot_type: BotType = BotType.MID_JOURNEY,
    wanted: Wanted | None = None,
    pictures: Sequence[str | None] = (),
) -> Submitted:
    """Write an imagine task. Raises Refused with the reason.

    `pictures` go before the prompt, each as base64, data URL or link.
    """
    prompt = checked_prompt(prompt)
    if earlier := replayed(caller):
        return earlier
    check_quotas(caller.user, caller.key_id, TaskAction.IMAGINE)
    english = permitted(prompt, bot_type)
    brought = read_all(pictures, InputRole.PROMPT, viewer=caller.viewer)
    if len(brought) > MAX_PROMPT_PICTURES:
        raise InvalidRequest(
            "图片过多", f"At most {MAX_PROMPT_PICTURES} pictures go before a prompt"
        )
    return _draw(caller, TaskAction.IMAGINE, bot_type, prompt, english, brought, wanted)


def permitted(prompt: str, bot_type: str) -> str:
    """Return the prompt in English. Raises BannedPrompt."""
    english = translate(prompt, bot_type)
    banned = banned_words()
    # What is left out before the prompt is sent may have parted a banned word.
    sent = without_speed(links.unwrapped(english))
    for text in dict.fromkeys((english, prompt, sent)):
        if hit := banned.first(text):
            raise BannedPrompt(word=hit.text, prompt=english)
    return english


def _draw(
    caller: Caller,
    action: TaskAction,
    bot_type: BotType,
    prompt: str,
    english: str,
    brought: list[Brought],
    wanted: Wanted | None,
) -> Submitted:
    """Write a task that draws a prompt, with pictures before it and links in it."""
    brought = brought + linked(english, caller.viewer)
    task = new_task(caller, action, bot_type)
    task.prompt, task.prompt_en = prompt, english
    task.description = f"/imagine {prompt}"
    before = sum(picture.role == InputRole.PROMPT for picture in brought)
    task.echo_key = echo_key("https://x " * before + english)
    limits.check_command(task, "imagine", brought)
    return write(caller, task, brought, at=wanted or Wanted())


def linked(prompt: str, viewer: Viewer) -> list[Brought]:
    """Return the links in the prompt that Midjourney may not be able to fetch.

    Raises InvalidRequest if a link is not allowed, or if there are too many.
    """
    foreign = links.foreign_links(prompt)
    if len(foreign) > MAX_LINKS:
        raise InvalidRequest("链接过多", f"A prompt has at most {MAX_LINKS} links")
    return [
        behind(link, InputRole.LINK, n, viewer=viewer) for n, link in enumerate(foreign)
    ]


def submit_blend(
    *,
    caller: Caller,
    pictures: Sequence[str | None],
    dimensions: str = "SQUARE",
    bot_type: BotType = BotType.MID_JOURNEY,
    wanted: Wanted | None = None,
) -> Submitted:
    """Write a blend of two to five pictures. Raises Refused with the reason."""
    if not 2 <= len(pictures) <= 5 or not all(p and p.strip() for p in pictures):
        raise InvalidRequest("base64List参数错误", "2 to 5 pictures are required")
    if dimensions not in DIMENSIONS:
        raise InvalidRequest("dimensions参数错误", "Invalid dimensions")
    if earlier := replayed(caller):
        return earlier
    check_quotas(caller.user, caller.key_id, TaskAction.BLEND)
    brought = read_all(pictures, InputRole.COMMAND, viewer=caller.viewer)
    task = new_task(caller, TaskAction.BLEND, bot_type)
    task.prompt_en = DIMENSIONS[dimensions]
    task.description = f"/blend {task.pk} {len(brought)}"
    task.echo_key = echo_key("https://x " * len(brought))
    return write(caller, task, brought, at=wanted or Wanted())


def submit_describe(
    *,
    caller: Caller,
    picture: str,
    bot_type: BotType = BotType.MID_JOURNEY,
    wanted: Wanted | None = None,
) -> Submitted:
    """Write a task that describes a picture. Raises Refused with the reason."""
    if not picture.strip():
        raise InvalidRequest("base64不能为空", "base64 or link must not be empty")
    if earlier := replayed(caller):
        return earlier
    brought = [read(picture, InputRole.COMMAND, viewer=caller.viewer)]
    return _ask(caller, TaskAction.DESCRIBE, bot_type, "", "", brought, wanted)


def submit_shorten(
    *,
    caller: Caller,
    prompt: str,
    bot_type: BotType = BotType.MID_JOURNEY,
    wanted: Wanted | None = None,
) -> Submitted:
    """Write a task that analyses a prompt. Raises Refused with the reason."""
    prompt = checked_prompt(prompt)
    if earlier := replayed(caller):
        return earlier
    english = permitted(prompt, bot_type)
    brought = linked(english, caller.viewer)
    return _ask(caller, TaskAction.SHORTEN, bot_type, prompt, english, brought, wanted)


def _ask(
    caller: Caller,
    action: TaskAction,
    bot_type: BotType,
    prompt: str,
    english: str,
    brought: list[Brought],
    wanted: Wanted | None,
) -> Submitted:
    """Write a command whose answer is text in one message."""
    task = new_task(caller, action, bot_type)
    task.prompt, task.prompt_en = prompt, english
    task.description = f"/{action.lower()} {prompt or task.pk}"
    limits.check_command(task, action.lower(), brought)
    # The answer edits the message of the task's own interaction.
    task.echo_key = f"{action.lower()}/{task.pk}"
    return write(caller, task, brought, at=wanted or Wanted())


def submit_show(
    *,
    caller: Caller,
    job: str,
    bot_type: BotType = BotType.MID_JOURNEY,
    wanted: Wanted | None = None,
) -> Submitted:
    """Write a task that shows a finished job, or return the known task of that job.

    Raises Refused with the reason.
    """
    if not job.strip():
        raise InvalidRequest("请填写 job id 或 url", "Provide a job id or url")
    own = find_own(caller.viewer, job.strip())
    job_id = (own and own.job_id) or _job_id(job)
    if not job_id:
        raise InvalidRequest("job id 格式错误", "Invalid job id")
    if earlier := replayed(caller):
        return earlier
    if task := _known(caller.user, job_id):
        tell_again(task, caller.notify_hook.strip())
        return Submitted(task)
    wanted = wanted or Wanted()
    if not wanted.instance_id:
        raise InvalidRequest(
            "show 命令必须指定实例", "The show command requires an instance"
        )
    if Task.objects.filter(job_id=job_id).exclude(owner=caller.user).exists():
        # A job of another user counts as unknown.
        raise InvalidRequest("job id 格式错误", "Invalid job id")
    task = new_task(caller, TaskAction.SHOW, bot_type)
    task.shown_job_id = job_id
    task.description = f"/show {job_id}"
    task.echo_key = f"show/{job_id}"
    return write(caller, task, at=wanted)


def _known(user: User, job_id: str) -> Task | None:
    """Return the user's task that draws or shows this job, finished or open."""
    rows = visible_to(user).filter(status__in=[*OPEN, TaskStatus.SUCCESS])
    # A clip may have the job of another task, its video. It has a button.
    shown = rows.filter(shown_job_id=job_id, custom_id="").order_by("pk")
    return rows.filter(job_id=job_id).first() or shown.first()


def submit_video(
    *,
    caller: Caller,
    prompt: str,
    first: str = "",
    last: str = "",
    loop: bool = False,
    motion: str = "low",
    batch: int = 4,
    wanted: Wanted | None = None,
) -> Submitted:
    """Write a video task from a first frame, optionally to a last frame.

    Raises Refused with the reason. Midjourney's bot accepts it as an imagine with
    `--video 1`.
    """
    if not (prompt.strip() or first.strip()):
        raise InvalidRequest("Prompt 不能为空", "prompt or image must not be empty")
    prompt = checked_prompt(prompt) if prompt.strip() else ""
    if not first.strip() and not links.links_of(prompt):
        raise InvalidRequest("image不能为空", "A video needs its first frame")
    check_motion(motion)
    if batch not in (1, 2, 4):
        raise InvalidRequest("batchSize参数错误", "batchSize is 1, 2 or 4")
    if earlier := replayed(caller):
        return earlier
    check_quotas(caller.user, caller.key_id, TaskAction.VIDEO)
    english = permitted(prompt, BotType.MID_JOURNEY) if prompt else ""
    brought = read_all([first], InputRole.PROMPT, viewer=caller.viewer)
    if not loop:
        brought += read_all([last], InputRole.END_FRAME, viewer=caller.viewer)
    end = "loop" if loop else ""
    words = as_video(english, motion=motion, end=end, batch=batch)
    return _draw(
        caller,
        TaskAction.VIDEO,
        BotType.MID_JOURNEY,
        prompt or words,
        words,
        brought,
        wanted,
    )


def check_motion(motion: str) -> None:
    """Raise InvalidRequest for an unknown motion."""
    if motion not in ("low", "high"):
        raise InvalidRequest("motion参数错误", "motion is low or high")


def _job_id(text: str) -> str:
    """Return the job's uuid in an id, a picture's link or a page's link, or "".

    File names may begin with words of the prompt, so the last uuid counts.
    """
    path = text.strip().partition("?")[0]
    found = _UUID.findall(path)
    return str(found[-1]).lower() if found else ""
