"""What every submit shares: who asks, the new row, its place in the queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from django.db import IntegrityError
from django.utils import timezone

from accounts.balancing import has_room
from accounts.models import DiscordAccount, User
from tasks import inputs
from tasks.enums import BotType, TaskAction, TaskStatus
from tasks.exceptions import InvalidRequest, ParentNotFound, QueueFull
from tasks.inputs import Brought
from tasks.models import DrawingSettings, Task
from tasks.selectors import visible_to
from tasks.services import insert
from tasks.submit.share import check_share

# A waiting task is given up after so many times the account's own time limit.
QUEUE_LIMIT_FACTOR: Final = 12
MAX_PROMPT_LENGTH: Final = 8192
MAX_IDEMPOTENCY_KEY: Final = 255


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


def check_room(account: DiscordAccount, ahead: int, *, tasks: int = 1) -> None:
    """Raise QueueFull where so many more tasks may not wait for the account."""
    if not has_room(account, waiting=ahead + tasks - 1):
        raise QueueFull(discordInstanceId=account.channel_id)


def queue_deadline(account: DiscordAccount) -> timedelta:
    """Return how long a task may wait for the account's next free slot."""
    return timedelta(minutes=account.timeout_minutes * QUEUE_LIMIT_FACTOR)


def new_task(
    caller: Caller, account: DiscordAccount, action: TaskAction, bot_type: BotType
) -> Task:
    """Return a row that is not written yet."""
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
        account_filter=caller.account_filter,
        deadline_at=timezone.now() + queue_deadline(account),
    )


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
    caller: Caller, task: Task, ahead: int, brought: Sequence[Brought] = ()
) -> Submitted:
    """Write the row with what it brought along, and hand it to dispatch.

    Raises ShareUsedUp where its owner has enough tasks waiting.
    """
    if task.status == TaskStatus.NOT_START:
        check_share(caller.user.pk)
    files = inputs.write_files(brought)
    task.prepared = not any(picture.needs_upload for picture in brought)
    try:
        written = insert(task, then=lambda row: inputs.write_rows(files, task=row))
        return Submitted(written, ahead)
    except IntegrityError:
        # The same key at the same moment: the other request won.
        inputs.remove_files(files)
        if earlier := replayed(caller):
            return replace(earlier, ahead=0)
        raise
