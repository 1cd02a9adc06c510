"""New drawing requests: checked, given an account, written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone

from accounts.balancing import best_wait_idle, has_room
from accounts.exceptions import NoAccountAvailable
from accounts.models import DiscordAccount, User
from accounts.selectors import alive_accounts, for_choice
from tasks import custom_ids, prompts
from tasks.enums import OPEN, BotType, TaskAction, TaskStatus
from tasks.exceptions import (
    BannedPrompt,
    InvalidRequest,
    NoAccount,
    ParentNotFound,
    QueueFull,
    Refused,
)
from tasks.models import DrawingSettings, Task
from tasks.selectors import banned_words, load, visible_to, waiting_count
from tasks.services import insert
from tasks.webhooks import tell_again

# A waiting task is given up after so many times the account's own time limit.
QUEUE_LIMIT_FACTOR: Final = 12

_CHANGEABLE: Final = {
    TaskAction.IMAGINE,
    TaskAction.VARIATION,
    TaskAction.REROLL,
    TaskAction.BLEND,
}


@dataclass(frozen=True)
class Caller:
    """Who asks, and what every submit may carry."""

    user: User
    mode: str = ""
    state: str = ""
    notify_hook: str = ""
    link_base: str = ""
    client_ip: str | None = None
    idempotency_key: str = ""


@dataclass(frozen=True)
class Submitted:
    task: Task
    ahead: int = 0


def submit_imagine(
    *,
    caller: Caller,
    prompt: str,
    bot_type: BotType = BotType.MID_JOURNEY,
    instance_id: str = "",
    modes: Sequence[str] = (),
) -> Submitted:
    """Record an imagine task. Raises Refused with the reason.

    Of `modes` any will do; the prefix of the address counts as one more of them.
    """
    prompt = prompt.strip()
    if not prompt:
        raise InvalidRequest("prompt不能为空", "prompt must not be empty")
    if len(prompt) > prompts.MAX_PROMPT_LENGTH:
        limit = prompts.MAX_PROMPT_LENGTH
        raise InvalidRequest("prompt过长", f"prompt is longer than {limit} characters")
    if earlier := _replayed(caller):
        return earlier
    if word := prompts.first_banned_word(prompt, banned_words()):
        raise BannedPrompt(word=word, prompt=prompt)
    if caller.mode or modes:
        modes = [*modes, caller.mode] if caller.mode else modes
        caller = replace(caller, mode=caller.mode or modes[0])
    account, ahead = _choose(bot_type, instance_id, modes)
    task = _new_task(caller, account, TaskAction.IMAGINE, bot_type)
    task.prompt = task.prompt_en = prompt
    task.description = f"/imagine {prompt}"
    task.echo_key = prompts.echo_key(prompt)
    return _write(caller, task, ahead)


def submit_button(*, caller: Caller, task_id: int, custom_id: str) -> Submitted:
    """Press a button of a finished task. Raises Refused with the reason."""
    parent = _parent(caller, task_id)
    pressed = custom_ids.find(parent.buttons, custom_id)
    if pressed is None:
        raise InvalidRequest("参数错误", "The task has no such button")
    return _press(caller, parent, pressed, unavailable=NoAccount())


def submit_change(
    *, caller: Caller, task_id: int, action: TaskAction, index: int
) -> Submitted:
    """Upscale, vary or redraw a grid by name. Raises Refused with the reason."""
    if action not in custom_ids.CHANGE_ACTIONS:
        raise InvalidRequest("action参数错误", "action is UPSCALE, VARIATION or REROLL")
    if action != TaskAction.REROLL and index not in (1, 2, 3, 4):
        raise InvalidRequest("index参数错误", "index is 1, 2, 3 or 4")
    parent = _parent(caller, task_id)
    wanted = custom_ids.change_id(action, index, parent.job_id or "")
    pressed = custom_ids.find(parent.buttons, wanted)
    if parent.action not in _CHANGEABLE or pressed is None:
        raise InvalidRequest(
            "关联任务不允许执行变化", "Related task does not allow this change"
        )
    name = parent.account.channel_id if parent.account else ""
    gone = NoAccount(f"Account unavailable: {name}")
    gone.zh = f"账号不可用: {name}"
    return _press(caller, parent, pressed, unavailable=gone)


def _press(
    caller: Caller, parent: Task, custom_id: str, *, unavailable: Refused
) -> Submitted:
    button = custom_ids.parse(custom_id)
    kind = button.kind if button else None
    if kind and kind.window is custom_ids.Window.ALWAYS:
        raise InvalidRequest(
            "暂不支持该操作", "Buttons that open a window are not supported yet"
        )
    if kind and kind.action is None:
        raise InvalidRequest("暂不支持该操作", "This button is not supported yet")
    action = (kind.action if kind else None) or TaskAction.ACTION
    if earlier := _replayed(caller):
        return earlier
    alive = for_choice(alive_accounts())
    account = alive.filter(pk=parent.account_id or 0).first()
    if account is None:
        raise unavailable
    if action == TaskAction.UPSCALE:
        again = Task.objects.filter(
            parent=parent,
            custom_id=custom_id,
            owner=caller.user,
            status__in=[*OPEN, TaskStatus.SUCCESS],
        ).first()
        if again:  # the same picture: it would be drawn, and paid for, twice
            tell_again(again, caller.notify_hook.strip())
            return Submitted(again)
    ahead = waiting_count(account)
    _check_room(account, ahead)
    task = _new_task(caller, account, action, BotType(parent.bot_type))
    task.parent = parent
    task.custom_id = custom_id
    task.prompt, task.prompt_en = parent.prompt, parent.prompt_en
    task.final_prompt = parent.final_prompt
    task.parent_message_id = parent.message_id or ""
    task.description = _description(parent, button, custom_id)
    task.echo_key = f"{parent.message_id}|{custom_id}"[:200]
    return _write(caller, task, ahead)


def _description(parent: Task, button: custom_ids.Button | None, custom_id: str) -> str:
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


def _parent(caller: Caller, task_id: int) -> Task:
    parent = visible_to(caller.user).filter(pk=task_id).first()
    if parent is None:
        raise ParentNotFound
    if parent.status != TaskStatus.SUCCESS:
        raise InvalidRequest("关联任务状态错误", "Related task is in the wrong state")
    return parent


def _choose(
    bot_type: BotType, instance_id: str, modes: Sequence[str]
) -> tuple[DiscordAccount, int]:
    """Return an account for a new task, and how many tasks wait for it."""
    accounts: QuerySet[DiscordAccount] = for_choice(alive_accounts())
    if modes:
        accounts = accounts.filter(mode__in=["", *modes])
    if bot_type == BotType.NIJI_JOURNEY:
        accounts = accounts.filter(enable_niji=True)
    else:
        accounts = accounts.filter(enable_mj=True)
    if instance_id:
        accounts = accounts.filter(channel_id=instance_id)
    running, queued = load()
    pool = list(accounts)
    roomy = [a for a in pool if has_room(a, waiting=queued.get(a.pk, 0))]
    try:
        account = best_wait_idle(roomy or pool, running=running, waiting=queued)
    except NoAccountAvailable:
        raise NoAccount from None
    ahead = queued.get(account.pk, 0)
    _check_room(account, ahead)
    return account, ahead


def _check_room(account: DiscordAccount, ahead: int) -> None:
    if not has_room(account, waiting=ahead):
        raise QueueFull(discordInstanceId=account.channel_id)


def _new_task(
    caller: Caller, account: DiscordAccount, action: TaskAction, bot_type: BotType
) -> Task:
    limit = timedelta(minutes=account.timeout_minutes * QUEUE_LIMIT_FACTOR)
    hook = caller.notify_hook.strip() or DrawingSettings.get_solo().notify_hook
    return Task(
        owner=caller.user,
        account=account,
        action=action,
        bot_type=bot_type,
        mode=caller.mode,
        client_state=caller.state,
        notify_hook=hook,
        link_base=caller.link_base,
        client_ip=caller.client_ip,
        idempotency_key=caller.idempotency_key or None,
        deadline_at=timezone.now() + limit,
    )


def _replayed(caller: Caller) -> Submitted | None:
    if not caller.idempotency_key:
        return None
    earlier = Task.objects.filter(
        owner=caller.user, idempotency_key=caller.idempotency_key
    )
    task = earlier.select_related("account").first()
    return Submitted(task) if task else None


def _write(caller: Caller, task: Task, ahead: int) -> Submitted:
    try:
        return Submitted(insert(task), ahead)
    except IntegrityError:
        # The same key at the same moment: the other request won.
        if earlier := _replayed(caller):
            return replace(earlier, ahead=0)
        raise
