"""Choosing an account. Knows nothing of tasks: the load comes in as an argument."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

from accounts.enums import AccountState
from accounts.exceptions import NoAccountAvailable
from accounts.models import DiscordAccount


def best_wait_idle(
    accounts: Iterable[DiscordAccount],
    *,
    running: Mapping[int, int],
    waiting: Mapping[int, int],
) -> DiscordAccount:
    """Return the connected account with most free slots, else the least loaded one.

    Among equals chance decides. Raises NoAccountAvailable where there is none.
    """
    pool = list(accounts)
    if not pool:
        raise NoAccountAvailable

    def load(account: DiscordAccount) -> int:
        return running.get(account.pk, 0) + waiting.get(account.pk, 0)

    def order(account: DiscordAccount) -> tuple[bool, bool, float, float]:
        free = account.core_size - load(account)
        return (
            account.state != AccountState.READY,
            free <= 0,
            -free if free > 0 else load(account) / account.core_size,
            random.random(),  # noqa: S311
        )

    return min(pool, key=order)


def has_room(account: DiscordAccount, *, waiting: int) -> bool:
    """Tell whether one more task may wait for this account."""
    return account.max_queue_size == 0 or waiting < account.max_queue_size
