from __future__ import annotations

import pytest

from accounts.balancing import best_wait_idle, has_room
from accounts.enums import AccountState
from accounts.exceptions import NoAccountAvailable
from accounts.models import DiscordAccount


def account(pk: int, *, core: int = 3, ready: bool = True) -> DiscordAccount:
    state = AccountState.READY if ready else AccountState.CONNECTING
    return DiscordAccount(pk=pk, core_size=core, state=state)


def test_the_account_with_most_free_slots_is_best() -> None:
    pool = [account(1), account(2), account(3, core=1)]

    best = best_wait_idle(pool, running={1: 2}, waiting={2: 1})

    assert best.pk == 2


def test_without_free_slots_the_least_loaded_is_best() -> None:
    pool = [account(1), account(2, core=1)]

    best = best_wait_idle(pool, running={1: 3, 2: 1}, waiting={1: 2, 2: 2})

    assert best.pk == 1


def test_what_is_connected_goes_first() -> None:
    pool = [account(1, ready=False), account(2)]

    assert best_wait_idle(pool, running={2: 3}, waiting={}).pk == 2


def test_equals_share_the_work() -> None:
    pool = [account(1), account(2)]

    chosen = {best_wait_idle(pool, running={}, waiting={}).pk for _ in range(200)}

    assert chosen == {1, 2}


def test_an_empty_pool_is_said() -> None:
    with pytest.raises(NoAccountAvailable):
        best_wait_idle([], running={}, waiting={})


@pytest.mark.parametrize(
    ("size", "waiting", "room"), [(0, 10**6, True), (2, 1, True), (2, 2, False)]
)
def test_zero_means_no_limit(size: int, waiting: int, room: bool) -> None:
    assert has_room(DiscordAccount(max_queue_size=size), waiting=waiting) is room
