"""Common parts of all submits: the caller, the draft, the new row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.db import IntegrityError, transaction

from accounts.models import DiscordAccount, User
from mjproxy.lib.db.deadlocks import again_after_deadlock
from mjproxy.lib.web import client_disconnect
from tasks.enums import BotType, TaskAction, TaskStatus
from tasks.exceptions import (
    ClientDisconnected,
    InvalidRequest,
    ParentNotFound,
    QueueFull,
)
from tasks.models import Task
from tasks.pictures import inputs
from tasks.pictures.inputs import Brought, Written
from tasks.pictures.own_links import Viewer
from tasks.prompts.text import MAX_PROMPT_LENGTH
from tasks.selectors import visible_to
from tasks.services import insert
from tasks.snapshots import drawing_settings
from tasks.submit.account import AccountFilter, Wanted
from tasks.submit.seat import SeatLost, give, take_seat
from tasks.submit.user_limit import check_brought, check_share
from tasks.webhooks.hooks import host_of

MAX_IDEMPOTENCY_KEY: Final = 255
# Lost races. A fifth is rare; 100 is a safety bound.
TRIES: Final = 100


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
    account_filter: AccountFilter | None = None

    @property
    def viewer(self) -> Viewer:
        return Viewer(self.user, self.link_base)


@dataclass(frozen=True)
class Submitted:
    """A task that was written, and how many wait before it."""

    task: Task
    ahead: int = 0
    more: tuple[Task, ...] = ()  # where one button starts several


def checked_prompt(prompt: str) -> str:
    """Return the prompt without outer blanks. Raises InvalidRequest."""
    prompt = prompt.strip()
    if not prompt:
        raise InvalidRequest("prompt不能为空", "prompt must not be empty")
    if len(prompt) > MAX_PROMPT_LENGTH:
        raise InvalidRequest(
            "prompt过长", f"prompt is longer than {MAX_PROMPT_LENGTH} characters"
        )
    return prompt


def finished(caller: Caller, task_id: int) -> Task:
    """Return a finished task of the caller. Raises ParentNotFound, InvalidRequest."""
    parent = visible_to(caller.user).filter(pk=task_id).first()
    if parent is None:
        raise ParentNotFound
    if parent.status != TaskStatus.SUCCESS:
        raise InvalidRequest("关联任务状态错误", "Related task is in the wrong state")
    return parent


def new_task(
    caller: Caller,
    action: TaskAction,
    bot_type: BotType,
    account: DiscordAccount | None = None,
) -> Task:
    """Return a row that is not written yet. Its account may be chosen later."""
    hook = caller.notify_hook.strip()
    operators = "" if hook else drawing_settings().notify_hook
    task = Task(
        owner=caller.user,
        action=action,
        bot_type=bot_type,
        mode=caller.mode,
        client_state=caller.state,
        notify_hook=hook,
        operator_hook=operators,
        hook_host=host_of(hook or operators),
        link_base=caller.link_base,
        client_ip=caller.client_ip,
        idempotency_key=caller.idempotency_key or None,
        account_filter=caller.account_filter,
    )
    if account is not None:
        give(task, account)
    return task


def replayed(caller: Caller) -> Submitted | None:
    """Return what the same Idempotency-Key has made before, if anything."""
    if not caller.idempotency_key:
        return None
    earlier = Task.objects.filter(
        owner=caller.user, idempotency_key=caller.idempotency_key
    )
    task = earlier.select_related("account").first()
    return Submitted(task) if task else None


def write(
    caller: Caller,
    task: Task,
    brought: Sequence[Brought] = (),
    *,
    at: Wanted | DiscordAccount | None = None,
    waits: bool = False,
) -> Submitted:
    """Write the row with what it brought along, and hand it to dispatch.

    `at` says where it takes its seat (`take_seat`); None: it needs none, or has one.
    With `waits` it is not sent before it is marked as prepared.
    Raises NoAccount, QueueFull; ShareUsedUp where its owner has enough tasks waiting,
    PicturesUsedUp where they hold enough pictures, ClientDisconnected where the
    client left. Then nothing is written.
    """
    if task.status == TaskStatus.NOT_START:
        check_share(caller.user.pk)
    check_brought(caller.user.pk, brought)
    uploads = any(picture.needs_upload for picture in brought)
    task.prepared = not (waits or uploads)
    try:
        with inputs.kept(brought) as files:
            return _write(task, files, at)
    except IntegrityError:
        # The same key at the same moment: the other request won.
        if earlier := replayed(caller):
            return replace(earlier, ahead=0)
        raise


@again_after_deadlock
def _write(
    task: Task, files: Sequence[Written], at: Wanted | DiscordAccount | None
) -> Submitted:
    """Take a seat, write the row and its pictures: all in one transaction, or nothing.

    A lost race begins anew: for a seat with another choice, for an id with the next.
    """
    for _ in range(TRIES):
        try:
            with transaction.atomic():
                ahead = 0 if at is None else take_seat(task, at)
                task.requested_mode = task.mode
                insert(task)
                inputs.write_rows(files, task=task)
                if client_disconnect.has_disconnected():
                    # its id would reach no client
                    raise ClientDisconnected
                return Submitted(task, ahead)
        except SeatLost:
            continue
        except IntegrityError:
            # Two processes may make the same id in the same millisecond.
            if not Task.objects.filter(pk=task.pk).exists():
                raise
            task.pk += 1
    raise QueueFull()
