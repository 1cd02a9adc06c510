"""Common parts of all submits: the caller, the draft, the new row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.db import IntegrityError, transaction

from accounts.limits.meter import nothing_counted
from accounts.models import DiscordAccount, User
from mjproxy.lib.db import durability
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
from tasks.prices import price_of
from tasks.prompts.text import MAX_PROMPT_LENGTH
from tasks.selectors import visible_to
from tasks.services import insert
from tasks.snapshots import drawing_settings
from tasks.submit import allowance
from tasks.submit.account import AccountFilter, Chosen, Wanted
from tasks.submit.allowance import Begun, Charge, Quota
from tasks.submit.guests import count_guest
from tasks.submit.seat import SeatLost, choose_for, give, take_chosen, take_seats
from tasks.submit.user_limit import check_brought
from tasks.webhooks.hooks import host_of

MAX_IDEMPOTENCY_KEY: Final = 255
# Lost races. A fifth is rare; 100 is a safety bound.
TRIES: Final = 100
# Takes a place, calls what writes the row, and returns the number before it.
Seat = Callable[[Callable[[], object]], int]


@dataclass(frozen=True)
class Caller:
    """Who asks, and what every submit may carry."""

    user: User
    key_id: int | None = None
    is_guest: bool = False
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
    quota: Quota | None = None  # what its owner may draw yet, if that is limited


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
    """Return a row that is not written yet. Its account may be chosen later.

    Raises BotNotAllowed.
    """
    allowance.check_bot(caller.user, bot_type)
    hook = caller.notify_hook.strip()
    operators = "" if hook else drawing_settings().notify_hook
    task = Task(
        owner=caller.user,
        key_id=caller.key_id,
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
    if task is None:
        return None
    durability.wait()
    return Submitted(task)


def write(
    caller: Caller,
    task: Task,
    brought: Sequence[Brought] = (),
    *,
    at: Wanted | DiscordAccount | None = None,
    waits: bool = False,
    seat: Seat | None = None,
) -> Submitted:
    """Write the row with what it brought along, and hand it to dispatch.

    `at` says where it takes its seat; None: it needs none, or has one.
    `seat` takes another place than one at an account.
    With `waits` it is not sent before it is marked as prepared.
    Raises NoAccount, QueueFull; the refusals of `allowance` where its owner may not
    draw it, PicturesUsedUp where they hold enough pictures, ClientDisconnected where
    the client left. Then nothing is written.
    """
    at = allowance.keep_speed(task, at)
    if task.status == TaskStatus.NOT_START:
        vars(task).update(vars(allowance.charge(task.action, caller.key_id)))
    check_brought(caller.user.pk, brought)
    uploads = any(picture.needs_upload for picture in brought)
    task.prepared = not (waits or uploads)
    try:
        with inputs.kept(brought) as files:
            return _write(caller, task, files, at, seat)
    except IntegrityError:
        # The same key at the same moment: the other request won.
        if earlier := replayed(caller):
            return replace(earlier, ahead=0)
        raise


@again_after_deadlock
def _write(
    caller: Caller,
    task: Task,
    files: Sequence[Written],
    at: Wanted | DiscordAccount | None,
    seat: Seat | None,
) -> Submitted:
    """Take a seat, write the row and its pictures: all in one transaction, or nothing.

    A lost race begins anew: for a seat with another choice, for an id with the next.
    """
    for _ in range(TRIES):
        try:
            chosen = choose_for(task, at) if isinstance(at, Wanted) else at
            task.requested_mode = task.mode
            with transaction.atomic():
                row = _Row(task, is_last=not files)
                ahead = _insert(row, chosen, seat)
                inputs.write_rows(files, task=task)
                quota = row.count()
                if caller.is_guest and row.charged:
                    count_guest(task, task.counted_on)
                if client_disconnect.has_disconnected():
                    # its id would reach no client
                    raise ClientDisconnected
                return Submitted(task, ahead, quota=quota)
        except SeatLost:
            continue
        except IntegrityError:
            # Two processes may make the same id in the same millisecond.
            if not Task.objects.filter(pk=task.pk).exists():
                raise
            task.pk += 1
    raise QueueFull()


class _Row:
    """The row of a task, and the count of its drawing."""

    def __init__(self, task: Task, *, is_last: bool) -> None:
        """Price the task. With `is_last` nothing but the count follows its row."""
        self.task, self._is_last = task, is_last
        self.charged: Charge | None = None  # None: it is not to be sent yet
        self._begun: Begun = nothing_counted
        if task.status == TaskStatus.NOT_START:
            task.price = price_of(task)
            columns = task.key_id, task.counted_on, task.key_counted, task.price
            self.charged = Charge(*columns)

    def write(self) -> None:
        """Write the row, and begin to count in the same round trip."""
        insert(self.task)
        if self.charged and self._is_last:
            self._begun = allowance.begin(self.task, self.charged)

    def count(self) -> Quota | None:
        if self.charged is None:
            return None
        return allowance.count(self.task, self.charged, self._begun)


def _insert(row: _Row, at: Chosen | DiscordAccount | None, seat: Seat | None) -> int:
    """Write the row and take its seat; return the number of tasks before it."""
    if seat is not None:
        return seat(row.write)
    if isinstance(at, Chosen):
        return take_chosen(at, TaskAction(row.task.action), row.write)
    if at is not None:
        return take_seats(at, also=row.write)
    row.write()
    return 0
