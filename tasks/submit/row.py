"""What every submit shares: who asks, the new row, its place in the queue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from django.db import IntegrityError
from django.utils import timezone

from accounts.choice.usage import take_turn
from accounts.models import DiscordAccount, User
from mjproxy.lib.validators.number_limits import span_of
from tasks.enums import BotType, TaskAction, TaskStatus
from tasks.exceptions import (
    InvalidRequest,
    NoAccount,
    ParentNotFound,
    QueueFull,
    Refused,
)
from tasks.models import DrawingSettings, Task
from tasks.pictures import inputs
from tasks.pictures.inputs import Brought, Written
from tasks.pictures.own_links import Viewer
from tasks.selectors import visible_to, waiting_count
from tasks.services import insert
from tasks.submit.user_limit import check_brought, check_share

# A waiting task is given up after so many times the account's own time limit.
QUEUE_LIMIT_FACTOR: Final = 12
MAX_PROMPT_LENGTH: Final = 8192
MAX_IDEMPOTENCY_KEY: Final = 255
# Each time somebody else had the place, so there is hardly ever a fifth.
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
    account_filter: dict[str, Any] | None = None

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


class TurnLost(Exception):
    """Somebody was faster: the account's turn or its last drawing of today is gone."""


def take_place(account: DiscordAccount, *, tasks: int = 1, **turn: bool) -> int:
    """Let so many more tasks wait for an account; return how many are before them.

    To be called in the transaction that writes them: it holds the account's row, so
    nobody else counts at the same time. Raises QueueFull, and TurnLost where one of
    the conditions of `take_turn` does not hold.
    """
    if not take_turn(account, tasks=tasks, **turn):
        raise TurnLost if turn else NoAccount()
    ahead = waiting_count(account)
    if account.max_queue_size and ahead + tasks > account.max_queue_size:
        raise QueueFull(discordInstanceId=account.channel_id)
    return ahead


def queue_deadline(account: DiscordAccount) -> timedelta:
    """Return how long a task may wait for the account's next free slot."""
    return span_of(account.timeout_minutes * QUEUE_LIMIT_FACTOR)


def new_task(
    caller: Caller,
    action: TaskAction,
    bot_type: BotType,
    account: DiscordAccount | None = None,
) -> Task:
    """Return a row that is not written yet. Its account may be chosen later."""
    hook = caller.notify_hook.strip()
    task = Task(
        owner=caller.user,
        action=action,
        bot_type=bot_type,
        mode=caller.mode,
        client_state=caller.state,
        notify_hook=hook,
        operator_hook="" if hook else DrawingSettings.get_solo().notify_hook,
        link_base=caller.link_base,
        client_ip=caller.client_ip,
        idempotency_key=caller.idempotency_key or None,
        account_filter=caller.account_filter,
    )
    if account is not None:
        give(task, account)
    return task


def give(task: Task, account: DiscordAccount) -> None:
    """Have a row that is not written yet wait for this account."""
    task.account = account
    task.deadline_at = timezone.now() + queue_deadline(account)


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
    place: Callable[[], int] | None = None,
    waits: bool = False,
) -> Submitted:
    """Write the row with what it brought along, and hand it to dispatch.

    `place` takes its place in the queue, in the same transaction, and returns how many
    wait before it; after TurnLost it is asked again. What else it raises is raised, and
    nothing is written. Raises ShareUsedUp where its owner has enough tasks waiting,
    PicturesUsedUp where they hold enough pictures.
    With `waits` it is not sent before it is marked as prepared.
    """
    if task.status == TaskStatus.NOT_START:
        check_share(caller.user.pk)
    check_brought(caller.user.pk, brought)
    files = inputs.write_files(brought)
    uploads = any(picture.needs_upload for picture in brought)
    task.prepared = not (waits or uploads)
    try:
        with inputs.gone_if_full(files):
            return _write(task, files, place)
    except IntegrityError:
        # The same key at the same moment: the other request won.
        inputs.remove_files(files)
        if earlier := replayed(caller):
            return replace(earlier, ahead=0)
        raise
    except Refused:
        inputs.remove_files(files)
        raise


def _write(
    task: Task, files: Sequence[Written], place: Callable[[], int] | None
) -> Submitted:
    ahead = 0

    def take() -> None:
        nonlocal ahead
        ahead = place() if place else 0
        task.requested_mode = task.mode

    for _ in range(TRIES):
        try:
            written = insert(
                task, first=take, then=lambda row: inputs.write_rows(files, task=row)
            )
        except TurnLost:
            continue
        return Submitted(written, ahead)
    raise QueueFull()
