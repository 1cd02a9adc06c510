"""Take a seat for a new task: a place in the queue of an account."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils import timezone

from accounts.choice.usage import take_turn
from accounts.models import DiscordAccount
from mjproxy.lib.validators.number_limits import span_of
from tasks.enums import BotType, TaskAction
from tasks.exceptions import NoAccount, QueueFull
from tasks.load import waiting_count
from tasks.models import Task
from tasks.submit.account import Chosen, Wanted, choose, is_new

# A task waits at most this many times the account's time limit.
QUEUE_LIMIT_FACTOR: Final = 12


class SeatLost(Exception):
    """Another submit was faster at the chosen account; a new choice may succeed.

    It took the account's turn, its last drawing of the day or its last free seat.
    """


def take_seat(task: Task, at: Wanted | DiscordAccount) -> int:
    """Take a seat for an unsaved task; return the number of tasks before it.

    `at` is the account, or the wishes for one; then one is chosen, and the task gets
    that account and its speed. Call it in the transaction that writes the row. Raises
    NoAccount, QueueFull, and SeatLost if another account may be chosen.
    """
    if isinstance(at, DiscordAccount):
        return take_seats(at)
    action = TaskAction(task.action)
    chosen = choose(action, BotType(task.bot_type), at, task.prompt)
    ahead = take_chosen(chosen, action)
    give(task, chosen.account)
    task.mode = chosen.mode
    return ahead


def take_chosen(chosen: Chosen, action: TaskAction) -> int:
    """Take a seat at a chosen account, as `take_seats` does, within its limits."""
    try:
        return take_seats(
            chosen.account, within_limit=is_new(action), unless_taken=chosen.in_turn
        )
    except QueueFull as exc:
        raise SeatLost from exc


def take_seats(account: DiscordAccount, *, tasks: int = 1, **turn: bool) -> int:
    """Take seats for `tasks` tasks at an account; return the number before them.

    Call it in the transaction that writes the tasks: it locks the account's row, so no
    other submit counts at the same time. Raises QueueFull, and SeatLost if a condition
    of `take_turn` does not hold.
    """
    if not take_turn(account, tasks=tasks, **turn):
        raise SeatLost if turn else NoAccount()
    ahead = waiting_count(account)
    if account.max_queue_size and ahead + tasks > account.max_queue_size:
        raise QueueFull(discordInstanceId=account.channel_id)
    return ahead


def give(task: Task, account: DiscordAccount) -> None:
    """Assign an unsaved task to this account."""
    task.account = account
    task.deadline_at = timezone.now() + queue_deadline(account)


def queue_deadline(account: DiscordAccount) -> timedelta:
    """Return how long a task may wait for the account's next free slot."""
    return span_of(account.timeout_minutes * QUEUE_LIMIT_FACTOR)
