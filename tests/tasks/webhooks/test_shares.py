from __future__ import annotations

import pytest

from tasks.webhooks import shares
from tasks.webhooks.shares import (
    AT_ONCE,
    FIRST,
    KEEPS_FAILING,
    LONGEST_REST,
    MOST,
    SOON,
    Receiver,
    Round,
    Shares,
)


def take_all(found: Shares, receiver: Receiver) -> int:
    """Take places until there is none; return how many there were."""
    count = 0
    while found.take(receiver):
        count += 1
    return count


def room(found: Shares, receiver: Receiver) -> int:
    """Return how many calls a receiver may have open at once."""
    count = take_all(found, receiver)
    for _ in range(count):
        found.give_back(receiver)
    return count


def test_who_is_unknown_gets_a_few_calls_at_once() -> None:
    assert room(Shares(), Receiver(1, "a:80")) == FIRST


def test_who_answers_soon_gets_more_and_never_more_than_the_most() -> None:
    found, receiver = Shares(), Receiver(1, "a:80")

    seen = []
    for _ in range(MOST):
        found.went_well(receiver, 1.0)
        seen.append(room(found, receiver))

    assert seen[:2] == [FIRST + 1, FIRST + 2]
    assert max(seen) == seen[-1] == MOST


def test_who_answers_late_gets_no_more() -> None:
    found, receiver = Shares(), Receiver(1, "a:80")

    found.went_well(receiver, SOON)

    assert room(found, receiver) == FIRST


def test_who_fails_gets_fewer_and_always_one() -> None:
    found, receiver = Shares(), Receiver(1, "a:80")

    seen = []
    for _ in range(4):
        found.failed(receiver)
        seen.append(room(found, receiver))

    assert seen == [2, 1, 1, 1]


def test_who_keeps_failing_rests_longer_and_longer() -> None:
    found, receiver = Shares(), Receiver(1, "a:80")

    rests = [found.failed(receiver) for _ in range(KEEPS_FAILING + 9)]

    assert not any(rests[: KEEPS_FAILING - 1])
    assert all(rests[KEEPS_FAILING - 1 :])
    assert rests[KEEPS_FAILING - 1] <= shares.FIRST_REST
    assert LONGEST_REST / 2 <= rests[-1] <= LONGEST_REST


def test_one_success_ends_the_row_of_failures() -> None:
    found, receiver = Shares(), Receiver(1, "a:80")
    for _ in range(KEEPS_FAILING - 1):
        found.failed(receiver)

    found.went_well(receiver, 0.1)

    assert found.failed(receiver) == 0.0


def test_one_user_with_many_hosts_leaves_half_to_others() -> None:
    found = Shares()

    taken = sum(take_all(found, Receiver(1, f"{number}:80")) for number in range(1000))

    assert taken == AT_ONCE // 2
    assert take_all(found, Receiver(2, "a:80")) == FIRST


@pytest.mark.parametrize("users", [1, 2, 5])
def test_who_comes_next_finds_a_place(users: int) -> None:
    found = Shares()
    for user in range(users):
        for number in range(1000):
            take_all(found, Receiver(user, f"{number}:80"))

    assert found.take(Receiver(users, "a:80"))


def test_who_found_no_place_is_next_when_one_comes_free() -> None:
    found = Shares(at_once=4)
    first, second, third = (Receiver(1, f"{name}:80") for name in "abc")
    assert [found.take(each) for each in (first, second)] == [True, True]
    assert not found.take(third)
    assert not found.take(first)

    found.give_back(second)

    assert found.next_waiting() == third
    assert found.take(third)
    assert found.next_waiting() == first
    assert found.next_waiting() is None


def test_what_is_given_back_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "REMEMBERED", 10)
    found = Shares()

    for number in range(100):
        receiver = Receiver(number, f"{number}:80")
        assert found.take(receiver)
        found.give_back(receiver)

    assert len(found._of) == 10
    assert not found._open_for
    assert found._open == 0


def test_a_round_gives_back_the_places_that_it_does_not_use() -> None:
    shares = Shares()
    places = Round(shares)
    one, other = Receiver(1, "one:80"), Receiver(1, "other:80")
    taken = [places.take(one) for _ in range(FIRST + 1)]

    assert taken == [True] * FIRST + [False]
    assert places.take(other)

    places.close([one])

    assert not places.take(one)  # nor does a thread that comes too late
    left = Round(shares)
    assert [left.take(one) for _ in range(FIRST)] == [True] * (FIRST - 1) + [False]
    assert [left.take(other) for _ in range(FIRST)] == [True] * FIRST


def test_a_round_takes_no_place_where_others_wait() -> None:
    crowded = Receiver(1, "one:80")
    places = Round(Shares(), {crowded})

    assert not places.take(crowded)
