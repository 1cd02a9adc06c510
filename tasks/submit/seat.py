"""A new task's seat: a place in the queue of an account."""

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

# A waiting task is given up after so many times the account's own time limit.
QUEUE_LIMIT_FACTOR: Final = 12


class SeatLost(Exception):
    """Another submit was faster at the chosen account; a new choice may succeed.

    It took the account's turn, its last drawing of today or its last free seat.
    """


def take_seat(task: Task, at: Wanted | DiscordAccount) -> int:
    """Take a seat for a row that is not written yet; return how many wait before it.

    `at` is the account, or what is wanted of it; then one is chosen, and the task gets
    that account and its speed. Call this in the transaction that writes the row. Raises
    NoAccount, QueueFull, and SeatLost where another account may be chosen.
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
    """Take a seat at a chosen account; return how many wait before it.

    Raises SeatLost where its turn, its day limit or its queue has no room any more.
    """
    try:
        return take_seats(
            chosen.account, within_limit=is_new(action), unless_taken=chosen.in_turn
        )
    except QueueFull as exc:
        raise SeatLost from exc


def take_seats(account: DiscordAccount, *, tasks: int = 1, **turn: bool) -> int:
    """Take seats for so many tasks at an account; return how many wait before them.

    Call this in the transaction that writes the tasks. It locks the account's row, so
    that no other request counts at the same time. Raises QueueFull, and SeatLost where
    one of the conditions of `take_turn` does not hold.
    """
    if not take_turn(account, tasks=tasks, **turn):
        raise SeatLost if turn else NoAccount()
    ahead = waiting_count(account)
    if account.max_queue_size and ahead + tasks > account.max_queue_size:
        raise QueueFull(discordInstanceId=account.channel_id)
    return ahead


def give(task: Task, account: DiscordAccount) -> None:
    """Set the account of a row that is not written yet, and how long it may wait."""
    task.account = account
    task.deadline_at = timezone.now() + queue_deadline(account)


def queue_deadline(account: DiscordAccount) -> timedelta:
    """Return how long a task may wait for the account's next free slot."""
    return span_of(account.timeout_minutes * QUEUE_LIMIT_FACTOR)
