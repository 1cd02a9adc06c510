"""Submit buttons of finished tasks, pressed at once or after a window's answer."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import DiscordAccount
from mjproxy.lib.db.deadlocks import again_after_deadlock
from mjproxy.lib.validators.number_limits import span_of
from tasks import custom_ids
from tasks.custom_ids import Button, Window
from tasks.enums import OPEN, BotType, TaskAction, TaskStatus, WindowState
from tasks.exceptions import (
    InvalidRequest,
    NoAccount,
    NothingShortened,
    ParentNotFound,
)
from tasks.models import Task
from tasks.pictures.inputs import Brought
from tasks.prompts import text
from tasks.prompts.sent_text import sent_text
from tasks.selectors import visible_to
from tasks.services import cancel
from tasks.snapshots import drawing_settings
from tasks.submit import limits
from tasks.submit.account import account_of
from tasks.submit.button_account import owner_or_host
from tasks.submit.commands import linked, permitted
from tasks.submit.row import (
    MAX_IDEMPOTENCY_KEY,
    Caller,
    Submitted,
    finished,
    new_task,
    replayed,
    write,
)
from tasks.submit.seat import take_seats
from tasks.webhooks.by_hand import tell_again

_CHANGEABLE: Final = {
    TaskAction.IMAGINE,
    TaskAction.VARIATION,
    TaskAction.REROLL,
    TaskAction.BLEND,
}


def submit_button(
    *, caller: Caller, task_id: int, custom_id: str, force_window: bool = False
) -> Submitted:
    """Press a button of a finished task. Raises Refused with the reason.

    If it opens a window, the task is MODAL and waits for `submit_window`.
    `force_window` does this even if the account answers remix windows itself.
    """
    if custom_id.startswith(custom_ids.CANCEL.partition("{")[0]):
        return _cancel(caller, task_id, custom_id)
    parent = finished(caller, task_id)
    pressed = custom_ids.find(parent.buttons, custom_id)
    if pressed is None:
        raise InvalidRequest("参数错误", "The task has no such button")
    if earlier := replayed(caller):
        return earlier
    account = owner_or_host(parent)
    button = custom_ids.parse(pressed)
    if pressed == custom_ids.DESCRIBED_ALL:
        return _press_all(caller, parent, account)
    how = window_for(button, parent, account, force=force_window)
    if how is WindowState.EXPECTED and not _answers_itself(button, account):
        return _open(caller, parent, account, pressed)
    if how is WindowState.EXPECTED and force_window:
        return _open(caller, parent, account, pressed)
    return press(caller, parent, account, pressed, how)


def submit_change(
    *, caller: Caller, task_id: int, action: TaskAction, index: int
) -> Submitted:
    """Upscale, vary or redraw a grid by name. Raises Refused with the reason.

    Clients of this call cannot answer windows, so a window gets the parent's prompt.
    """
    if action not in custom_ids.CHANGE_ACTIONS:
        raise InvalidRequest("action参数错误", "action is UPSCALE, VARIATION or REROLL")
    if action != TaskAction.REROLL and index not in (1, 2, 3, 4):
        raise InvalidRequest("index参数错误", "index is 1, 2, 3 or 4")
    parent = finished(caller, task_id)
    wanted = custom_ids.change_id(action, index, parent.job_id or "")
    pressed = custom_ids.find(parent.buttons, wanted)
    if parent.action not in _CHANGEABLE or pressed is None:
        raise InvalidRequest(
            "关联任务不允许执行变化", "Related task does not allow this change"
        )
    if earlier := replayed(caller):
        return earlier
    try:
        account = account_of(parent)
    except NoAccount as exc:
        name = parent.account.channel_id if parent.account else ""
        exc.zh = f"账号不可用: {name}"  # clients of this call expect this text
        raise
    how = window_for(custom_ids.parse(pressed), parent, account)
    return press(caller, parent, account, pressed, how)


# --- windows --------------------------------------------------------------------------


def window_for(
    button: Button | None, parent: Task, account: DiscordAccount, *, force: bool = False
) -> WindowState:
    """Return whether the button will open a window, as far as is known.

    Raises InvalidRequest if `force` needs remix mode and it is off.
    """
    kind = button.kind.window if button else Window.NEVER
    if kind in (Window.ALWAYS, Window.PAGE):
        return WindowState.EXPECTED
    niji = parent.bot_type == BotType.NIJI_JOURNEY
    remix = account.niji_remix_on if niji else account.mj_remix_on
    if kind is Window.IF_REMIX and remix:
        return WindowState.EXPECTED
    if force and kind is Window.IF_REMIX:
        raise InvalidRequest(
            "当前账号不支持 remix，请开启 remix 功能",
            "Remix mode is not on at this account",
        )
    return WindowState.NONE


def _answers_itself(button: Button | None, account: DiscordAccount) -> bool:
    """Tell whether a window gets its own prompt without asking the caller."""
    if button is None or not account.remix_auto_submit:
        return False
    template = button.kind.template
    return button.kind.window is Window.IF_REMIX or template == custom_ids.ANALYSED


def offered_prompt(parent: Task, custom_id: str) -> str:
    """Return the text that a window will show, as far as it is known before.

    Raises NothingShortened if a shortened prompt is not known.
    """
    button = custom_ids.parse(custom_id)
    template = button.kind.template if button else ""
    if button and template in (custom_ids.DESCRIBED, custom_ids.ANALYSED):
        number = int(button.values.get("i") or button.values.get("n") or 1)
        texts = list(parent.texts)
        if number > len(texts) and template == custom_ids.ANALYSED:
            raise NothingShortened
        return str(texts[number - 1]) if number <= len(texts) else ""
    inherited = text.without_speed(parent.final_prompt or parent.prompt_en)
    return text.zoomed(inherited) if template == custom_ids.CUSTOM_ZOOM else inherited


# --- rows -----------------------------------------------------------------------------


def _open(
    caller: Caller, parent: Task, account: DiscordAccount, custom_id: str
) -> Submitted:
    """Write a task that waits until its window is answered."""
    task = child_of(caller, parent, account, custom_id)
    task.status, task.window = TaskStatus.MODAL, WindowState.EXPECTED
    if offered := offered_prompt(parent, custom_id):
        # Exactly the text that is sent if the answer has no prompt.
        offered = sent_text(account, offered, caller.mode)
    task.prompt_en = task.final_prompt = offered
    task.description = "Waiting for window confirm"
    waits = span_of(drawing_settings().window_minutes)
    task.deadline_at = timezone.now() + waits
    return write(caller, task)


def press(
    caller: Caller,
    parent: Task,
    account: DiscordAccount,
    custom_id: str,
    how: WindowState,
    *,
    prompt: str = "",
) -> Submitted:
    """Write a task that presses its button, and answers its window if one is due."""
    if again := same_upscale(caller, parent, custom_id):
        return Submitted(again)
    task = child_of(caller, parent, account, custom_id)
    opens = how is WindowState.EXPECTED
    brought = answer_with(caller, task, parent, prompt) if opens else []
    return write(caller, task, brought, at=account)


def answer_with(caller: Caller, task: Task, parent: Task, prompt: str) -> list[Brought]:
    """Set the answer to the task's window: the prompt, or the window's own.

    Returns the input pictures. Raises BannedPrompt, InvalidRequest.
    """
    english = (
        permitted(prompt, task.bot_type)
        if prompt
        else offered_prompt(parent, task.custom_id)
    )
    answer_itself(task, prompt, english)
    brought = linked(prompt and english, caller.viewer)
    limits.check_field(task, brought)
    return brought


@again_after_deadlock
def _press_all(caller: Caller, parent: Task, account: DiscordAccount) -> Submitted:
    """Write one task for each described prompt; each answers its own window."""
    numbers = range(1, min(len(parent.texts), 4) + 1)
    if not numbers:
        raise InvalidRequest("参数错误", "The task holds no described prompts")
    asked = {number: _numbered(caller, number) for number in numbers}
    known = {number: replayed(each) for number, each in asked.items()}
    missing = sum(earlier is None for earlier in known.values())
    with transaction.atomic():
        ahead = take_seats(account, tasks=missing) if missing else 0
        drawn = [
            known[number] or _draw_described(each, parent, account, number)
            for number, each in asked.items()
        ]
    tasks = [each.task for each in drawn]
    return Submitted(tasks[0], ahead, tuple(tasks[1:]), drawn[-1].quota)


def _draw_described(
    caller: Caller, parent: Task, account: DiscordAccount, number: int
) -> Submitted:
    custom_id = custom_ids.DESCRIBED.format(i=number)
    task = child_of(caller, parent, account, custom_id)
    answer_itself(task, "", offered_prompt(parent, custom_id))
    limits.check_field(task)
    return write(caller, task)


def _numbered(caller: Caller, number: int) -> Caller:
    """Return the caller for one of several tasks of the same request."""
    state = f"{caller.state}::{number}" if caller.state else ""
    key = f"{caller.idempotency_key}::{number}" if caller.idempotency_key else ""
    if len(key) > MAX_IDEMPOTENCY_KEY:
        key = hashlib.sha256(key.encode()).hexdigest()
    return replace(caller, state=state, idempotency_key=key)


def answer_itself(task: Task, given: str, english: str) -> None:
    """Set the prompt with which the task answers its window."""
    task.window = WindowState.EXPECTED
    task.prompt_en = english
    if task.action == TaskAction.IMAGINE:
        # A new drawing, matched by its words instead of the button.
        task.prompt = given or english
        task.echo_key = text.echo_key(english)
    else:
        task.prompt = given or task.prompt or english


def child_of(
    caller: Caller, parent: Task, account: DiscordAccount, custom_id: str
) -> Task:
    button = custom_ids.parse(custom_id)
    action = (button.kind.action if button else None) or TaskAction.ACTION
    task = new_task(caller, action, BotType(parent.bot_type), account)
    task.parent = parent
    task.custom_id = custom_id
    task.prompt = parent.prompt
    task.prompt_en = text.without_speed(parent.final_prompt) or parent.prompt_en
    task.final_prompt = parent.final_prompt
    task.parent_message_id = parent.buttons_message_id
    task.guild_id, task.channel_id = parent.guild_id, parent.channel_id
    task.description = _description(parent, button, custom_id)
    task.echo_key = f"{task.parent_message_id}|{custom_id}"[:200]
    if action == TaskAction.DESCRIBE:
        task.preview_source = parent.picture_source
    return task


def same_upscale(caller: Caller, parent: Task, custom_id: str) -> Task | None:
    """Return an equal upscale of the caller, so that it is not paid twice."""
    button = custom_ids.parse(custom_id)
    if button is None or button.kind.action != TaskAction.UPSCALE:
        return None
    again = Task.objects.filter(
        parent=parent,
        custom_id=custom_id,
        owner=caller.user,
        status__in=[*OPEN, TaskStatus.SUCCESS],
    ).first()
    if again:
        tell_again(again, caller.notify_hook.strip())
    return again


def _cancel(caller: Caller, task_id: int, custom_id: str) -> Submitted:
    """Stop the running task that a Cancel button belongs to."""
    task = visible_to(caller.user).filter(pk=task_id).first()
    if task is None:
        raise ParentNotFound
    if not task.job_id or task.job_id not in custom_id.lower():
        raise InvalidRequest("参数错误", "The task has no such button")
    if not cancel(task):
        raise InvalidRequest("关联任务状态错误", "Related task is in the wrong state")
    return Submitted(task)


def _description(parent: Task, button: Button | None, custom_id: str) -> str:
    if button is None:
        return custom_id
    match button.kind.action:
        case TaskAction.UPSCALE:
            return f"/up {parent.pk} U{button.index}"
        case TaskAction.VARIATION:
            return f"/up {parent.pk} V{button.index}"
        case TaskAction.REROLL:
            return f"/up {parent.pk} R"
    return f"/up {parent.pk} {custom_id.split('::')[2]}"
