"""Submit the answer to a window; the same task continues."""

from __future__ import annotations

from dataclasses import replace

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import DiscordAccount
from mjproxy.lib.db.deadlocks import again_after_deadlock
from tasks import custom_ids
from tasks.enums import TaskAction, TaskStatus, WindowState
from tasks.exceptions import InvalidRequest, ParentNotFound
from tasks.models import Task
from tasks.pictures import inputs
from tasks.pictures.inputs import Brought
from tasks.pictures.masks import read_mask
from tasks.pictures.own_links import Viewer
from tasks.prices import price_of
from tasks.prompts import text
from tasks.selectors import load_shown, visible_to
from tasks.services import advance
from tasks.submit import allowance, limits
from tasks.submit.allowance import Quota
from tasks.submit.button_account import owner_or_host
from tasks.submit.commands import linked, permitted
from tasks.submit.guests import count_guest
from tasks.submit.row import (
    Caller,
    Submitted,
    checked_prompt,
    replayed,
)
from tasks.submit.seat import queue_deadline, take_seats
from tasks.submit.user_limit import check_brought


def submit_window(
    *, caller: Caller, task_id: int, prompt: str = "", mask: str = ""
) -> Submitted:
    """Answer a task's window, once. Raises Refused with the reason.

    Without a prompt the window's own is sent. The page of Vary (Region) also needs a
    mask.
    """
    task = visible_to(caller.user).filter(pk=task_id).select_related("parent").first()
    if task is None:
        raise ParentNotFound
    if earlier := _answered(caller, task):
        return earlier
    if task.status != TaskStatus.MODAL or task.window != WindowState.EXPECTED:
        raise _not_open()
    account = owner_or_host(task)
    given = checked_prompt(prompt) if prompt.strip() else ""
    english = permitted(given, task.bot_type) if given else _offered(task)
    brought = _brought(task, english, mask, caller.viewer)
    english = text.zoomed(english) if _is_zoom(task) else english
    task.prompt_en = english
    limits.check_field(task, brought)
    ahead, quota = _go_on(caller, task, account, given, english, brought)
    return Submitted(load_shown(task.pk), ahead, quota=quota)


def _answered(caller: Caller, task: Task) -> Submitted | None:
    """Return the result of an equal earlier request, if there is one."""
    earlier = replayed(caller)
    if earlier is None or earlier.task.pk != task.pk:
        return earlier
    # The key may be that of the press. An answer that was never sent may have expired.
    waits = task.is_open and task.status != TaskStatus.MODAL
    return earlier if waits or task.attempts else None


def _offered(task: Task) -> str:
    """Return the window's own prompt. It may be empty if there is a mask."""
    is_page = task.action == TaskAction.INPAINT
    return task.prompt_en if is_page else checked_prompt(task.prompt_en)


def _brought(task: Task, english: str, mask: str, viewer: Viewer) -> list[Brought]:
    brought = linked(english, viewer)
    if task.action != TaskAction.INPAINT:
        return brought
    if not mask.strip():
        raise InvalidRequest("maskBase64不能为空", "maskBase64 must not be empty")
    parent = task.parent
    width = parent.picture_width if parent else None
    height = parent.picture_height if parent else None
    return [*brought, read_mask(mask, width=width, height=height)]


def _is_zoom(task: Task) -> bool:
    button = custom_ids.parse(task.custom_id)
    return button is not None and button.kind.template == custom_ids.CUSTOM_ZOOM


@again_after_deadlock
def _go_on(
    caller: Caller,
    task: Task,
    account: DiscordAccount,
    given: str,
    english: str,
    brought: list[Brought],
) -> tuple[int, Quota | None]:
    """Make the task wait for its turn; return the number of tasks before it.

    Also returns the tightest quota of its owner. Raises QueueFull, the refusals of
    `allowance`, and InvalidRequest if another answer was first.
    """
    task.account, task.prompt_en = account, english
    charge = allowance.charge(task.action, caller.key_id)
    charge = replace(charge, price=price_of(task))
    check_brought(task.owner_id, brought)
    imagines = task.action == TaskAction.IMAGINE
    with inputs.kept(brought) as files, transaction.atomic():
        ahead = take_seats(account)
        moved = advance(
            task.pk,
            TaskStatus.NOT_START,
            account=account,
            where=Q(status=TaskStatus.MODAL, window=WindowState.EXPECTED),
            **vars(charge),
            # A described prompt replaces the prompt of the description.
            prompt=given or (english if imagines else task.prompt or english),
            prompt_en=english,
            echo_key=text.echo_key(english) if imagines else task.echo_key,
            idempotency_key=caller.idempotency_key or task.idempotency_key,
            description=f"/up {task.parent_id} {task.custom_id}"[:4000],
            prepared=not any(picture.needs_upload for picture in brought),
            deadline_at=timezone.now() + queue_deadline(account),
        )
        if not moved:
            raise _not_open()
        inputs.write_rows(files, task=task)
        quota = allowance.count(task, charge)
        if caller.is_guest:
            count_guest(task, charge.counted_on)
    return ahead, quota


def _not_open() -> InvalidRequest:
    return InvalidRequest(
        "窗口已提交或已过期", "The window was answered already, or has expired"
    )
