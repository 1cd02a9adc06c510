from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Case, IntegerField, Value, When
from django.utils import timezone

from accounts.choice.order import order
from accounts.enums import AccountState, ChoiceRule
from accounts.models import DiscordAccount
from tests.factories import make_account

pytestmark = pytest.mark.django_db
DRAWS = 400


def first(rule: str, loads: dict[int, int] | None = None) -> DiscordAccount:
    """Return the account that goes first under this load."""
    cases = [When(pk=pk, then=Value(load)) for pk, load in (loads or {}).items()]
    load = Case(*cases, default=Value(0), output_field=IntegerField())
    rows = DiscordAccount.objects.annotate(load=load).order_by(*order(rule))
    return rows[0]


def shares(rule: str, accounts: Sequence[DiscordAccount]) -> list[float]:
    """Return how often each account goes first, as a part of 1."""
    random.seed(7)  # SQLite's chance; others have their own
    found = Counter(first(rule).pk for _ in range(DRAWS))
    return [found[account.pk] / DRAWS for account in accounts]


@pytest.mark.parametrize("rule", ChoiceRule.values)
def test_what_is_connected_goes_first(rule: str) -> None:
    make_account(state=AccountState.DISCONNECTED, core_size=12, weight=9)
    now = timezone.now()
    ready = make_account(core_size=1, weight=1, picked_at=now)

    assert first(rule, {ready.pk: 5}) == ready


# --- BestWaitIdle ---------------------------------------------------------------------


def test_the_account_with_most_free_slots_is_best() -> None:
    one, two, small = make_account(), make_account(), make_account(core_size=1)

    assert first(ChoiceRule.BEST_WAIT_IDLE, {one.pk: 2, two.pk: 1, small.pk: 0}) == two


def test_without_free_slots_the_least_loaded_is_best() -> None:
    large, small = make_account(core_size=4), make_account(core_size=1)

    assert first(ChoiceRule.BEST_WAIT_IDLE, {large.pk: 7, small.pk: 2}) == large


def test_a_free_slot_is_better_than_any_queue() -> None:
    large, small = make_account(core_size=12), make_account(core_size=1)

    assert first(ChoiceRule.BEST_WAIT_IDLE, {large.pk: 12, small.pk: 0}) == small


def test_a_rule_that_is_unknown_is_the_usual_one() -> None:
    busy, idle = make_account(), make_account()

    assert first("", {busy.pk: 1}) == idle


# --- chance ---------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [ChoiceRule.BEST_WAIT_IDLE, ChoiceRule.RANDOM])
def test_equals_share_by_chance(rule: str) -> None:
    accounts = [make_account(weight=weight) for weight in (1, 9)]

    assert shares(rule, accounts) == pytest.approx([0.5, 0.5], abs=0.15)


def test_chance_takes_no_notice_of_load() -> None:
    busy = make_account()
    idle = make_account()
    random.seed(7)

    found = {first(ChoiceRule.RANDOM, {busy.pk: 50}).pk for _ in range(60)}

    assert found == {busy.pk, idle.pk}


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ((1, 3), (0.25, 0.75)),
        ((0, 0), (0.5, 0.5)),  # nobody has any: all are equal
        ((0, 1), (0, 1)),  # without one beside others: never
        ((0, 1, 1), (0, 0.5, 0.5)),
        ((2**31 - 1, 2**31 - 1), (0.5, 0.5)),
    ],
)
def test_weights_are_shares(weights: Sequence[int], expected: Sequence[float]) -> None:
    accounts = [make_account(weight=weight) for weight in weights]

    found = shares(ChoiceRule.WEIGHT, accounts)

    assert found == pytest.approx(expected, abs=0.15)
    assert [share == 0 for share in found] == [share == 0 for share in expected]


# --- Polling --------------------------------------------------------------------------


def test_whose_last_turn_was_longest_ago_is_next() -> None:
    now = timezone.now()
    recent = make_account(picked_at=now)
    make_account(picked_at=now + timedelta(seconds=1))

    assert first(ChoiceRule.POLLING) == recent


def test_who_never_had_a_turn_is_before_all() -> None:
    make_account(picked_at=timezone.now() - timedelta(days=9))
    new: Any = make_account(picked_at=None)

    assert first(ChoiceRule.POLLING) == new
