"""Extend clips of videos; a clip of several is chosen first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from django.db import transaction
from django.db.models import Q

from accounts.models import DiscordAccount
from tasks import custom_ids
from tasks.enums import OPEN, TaskStatus, WindowState
from tasks.exceptions import InvalidRequest
from tasks.models import Task
from tasks.submit.account import Wanted, account_of
from tasks.submit.buttons import (
    answer_with,
    child_of,
    press,
    same_upscale,
    window_for,
)
from tasks.submit.commands import check_motion
from tasks.submit.row import (
    Caller,
    Submitted,
    checked_prompt,
    finished,
    replayed,
    write,
)

# An extension without its finished clip has no message with its button.
_UNKNOWN: Final = Q(parent_message_id="") & ~Q(custom_id="")
CLIP_IS_OPEN: Final = _UNKNOWN & Q(parent__status__in=OPEN)

NOT_CHOSEN: Final = "等待所选片段 / the clip that it makes longer is chosen first"


class ClipMissing(Exception):
    """The clip to extend is not available."""


@dataclass(frozen=True)
class _Wish:
    """How to extend a clip. `index` counts a video's clips from 1."""

    motion: str
    index: int
    prompt: str = ""

    def button(self, clip: Task) -> str | None:
        """Return the button that extends a clip; of several, that of the index."""
        same = custom_ids.find_kind(
            clip.buttons, custom_ids.EXTEND, motion=self.motion, i=str(self.index)
        )
        return same or custom_ids.find_kind(
            clip.buttons, custom_ids.EXTEND, motion=self.motion
        )

    def choice(self, video: Task) -> str | None:
        """Return the button that makes the clip a task of its own."""
        return custom_ids.find_kind(video.buttons, custom_ids.CLIP, i=str(self.index))


def submit_extension(
    *,
    caller: Caller,
    task_id: int,
    prompt: str,
    motion: str,
    index: int,
    wanted: Wanted | None = None,
) -> Submitted:
    """Extend a clip. Raises Refused with the reason.

    `index` counts the clips of a video from 1. If that clip has no task yet, one is
    written first, and the extension waits for it.
    """
    check_motion(motion)
    given = checked_prompt(prompt) if prompt.strip() else ""
    wish, parent = _Wish(motion, index, given), finished(caller, task_id)
    pressed, choice = wish.button(parent), wish.choice(parent)
    if not (pressed or choice):
        raise _not_a_clip()
    if earlier := replayed(caller):
        return earlier
    account = account_of(parent, wanted)
    if pressed:
        return _extend(caller, parent, account, pressed, given)
    return _choose(caller, parent, account, choice or "", wish)


def _choose(
    caller: Caller, video: Task, account: DiscordAccount, choice: str, wish: _Wish
) -> Submitted:
    """Extend the clip of a choice button, which is pressed if it was not yet."""
    quiet = replace(caller, state="", notify_hook="", idempotency_key="")
    clip = same_upscale(quiet, video, choice)
    if clip and not clip.is_open:
        if pressed := wish.button(clip):
            return _extend(caller, clip, account, pressed, wish.prompt)
        raise _not_a_clip()
    with transaction.atomic():
        if clip:
            return _wait_for(caller, clip, account, wish)
        chosen = press(quiet, video, account, choice, WindowState.NONE)
        waits = _wait_for(caller, chosen.task, account, wish)
        return replace(waits, ahead=chosen.ahead)


def _not_a_clip() -> InvalidRequest:
    return InvalidRequest(
        "关联任务不允许执行变化", "Related task has no such clip to make longer"
    )


def _extend(
    caller: Caller, clip: Task, account: DiscordAccount, pressed: str, given: str
) -> Submitted:
    how = _window(clip, account, pressed, given)
    return press(caller, clip, account, pressed, how, prompt=given)


def _window(
    clip: Task, account: DiscordAccount, pressed: str, given: str
) -> WindowState:
    """Return whether a window is answered.

    A prompt always waits for one: if remix mode is off and none opens, the clip
    continues with its own prompt.
    """
    known = window_for(custom_ids.parse(pressed), clip, account)
    return WindowState.EXPECTED if given else known


def _wait_for(
    caller: Caller, clip: Task, account: DiscordAccount, wish: _Wish
) -> Submitted:
    """Write an extension that is sent when its clip is finished."""
    chosen = custom_ids.parse(clip.custom_id)
    job_id = chosen.values["h"] if chosen else ""
    pressed = custom_ids.EXTEND.format(motion=wish.motion, i=wish.index, h=job_id)
    task = child_of(caller, clip, account, pressed)
    task.parent_message_id = task.guild_id = task.channel_id = ""
    task.waiting_reason = NOT_CHOSEN
    task.echo_key = f"{clip.pk}|{pressed}"
    opens = _window(clip, account, pressed, wish.prompt) is WindowState.EXPECTED
    brought = answer_with(caller, task, clip, wish.prompt) if opens else []
    return write(caller, task, brought, at=account, waits=True)


# --- after the clip is finished -------------------------------------------------------


def waits_for_clip(task: Task) -> bool:
    return bool(task.custom_id) and not task.parent_message_id


def waiting_for(clip: Task) -> list[int]:
    """Return the ids of the extensions that wait for this clip."""
    rows = Task.objects.filter(
        _UNKNOWN, parent=clip, status=TaskStatus.NOT_START, prepared=False
    )
    return list(rows.values_list("pk", flat=True))


def found_on_clip(task: Task) -> dict[str, str | None]:
    """Return the fields that an extension takes from its clip. Raises ClipMissing."""
    clip, wanted = task.parent, custom_ids.parse(task.custom_id)
    if clip is None or wanted is None or clip.status != TaskStatus.SUCCESS:
        raise ClipMissing(clip.fail_reason if clip else "")
    pressed = _Wish(wanted.values["motion"], wanted.index).button(clip)
    if pressed is None:
        raise ClipMissing("it has no such button")
    message_id = clip.buttons_message_id
    return {
        "custom_id": pressed,
        "parent_message_id": message_id,
        "guild_id": clip.guild_id,
        "channel_id": clip.channel_id,
        "echo_key": f"{message_id}|{pressed}"[:200],
    }
