"""Take a seat for a new task: a place in the queue of an account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.utils import timezone

from accounts.choice.usage import begin_turn
from accounts.models import DiscordAccount
from mjproxy.lib.db.together import together
from mjproxy.lib.validators.number_limits import span_of
from tasks.enums import BotType, TaskAction
from tasks.exceptions import NoAccount, QueueFull
from tasks.load import begin_count
from tasks.models import Task
from tasks.submit.account import Chosen, Wanted, choose, is_new

# A task waits at most this many times the account's time limit.
QUEUE_LIMIT_FACTOR: Final = 12
Write = Callable[[], object]


def nothing() -> None:
    """Write nothing along."""


class SeatLost(Exception):
    """Another submit was faster at the chosen account; a new choice may succeed.

    It took the account's turn, its last drawing of the day or its last free seat.
    """


def choose_for(task: Task, wanted: Wanted) -> Chosen:
    """Choose an account for an unsaved task, and give it that account and its speed.

    Raises NoAccount, QueueFull. Call it before the transaction that takes the seat,
    which locks the account's row, on SQLite all rows.
    """
    action = TaskAction(task.action)
    chosen = choose(action, BotType(task.bot_type), wanted, task.prompt)
    give(task, chosen.account)
    task.mode = chosen.mode
    return chosen


def take_chosen(chosen: Chosen, action: TaskAction, also: Write = nothing) -> int:
    """Take a seat at a chosen account, as `take_seats` does, within its limits."""
    try:
        return take_seats(
            chosen.account,
            also=also,
            within_limit=is_new(action),
            unless_taken=chosen.in_turn,
        )
    except QueueFull as exc:
        raise SeatLost from exc


def take_seats(
    account: DiscordAccount, *, tasks: int = 1, also: Write = nothing, **turn: bool
) -> int:
    """Take seats for `tasks` tasks at an account; return the number before them.

    Call it in the transaction that writes the tasks: it locks the account's row, so no
    other submit counts at the same time. `also` writes them, in the same round trip,
    before it is known whether there is a place. Raises QueueFull, and SeatLost if a
    condition of `begin_turn` does not hold; then undo the transaction.
    """
    with together():
        taken = begin_turn(account, tasks=tasks, **turn)
        waiting = begin_count(account)
        also()
    if not taken():
        raise SeatLost if turn else NoAccount()
    ahead = waiting()
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
