"""Order the accounts that fit a task. They are annotated with their load."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Case, F, FloatField, Value, When
from django.db.models.functions import Cast, Greatest, Ln, Random

from accounts.enums import AccountState, ChoiceRule

_CONNECTED_FIRST: Final = Case(
    When(state=AccountState.READY, then=Value(0)), default=Value(1)
)


def order(rule: str) -> tuple[Any, ...]:
    """Return the ORDER BY terms of a rule; the first account is chosen.

    Reads `load`, the number of an account's running and waiting tasks. Connected
    accounts come first under every rule.
    """
    match rule:
        case ChoiceRule.RANDOM:
            terms: tuple[Any, ...] = (Random(),)
        case ChoiceRule.WEIGHT:
            terms = _by_weight()
        case ChoiceRule.POLLING:
            terms = (F("picked_at").asc(nulls_first=True), "pk")
        case _:
            terms = _best_wait_idle()
    return (_CONNECTED_FIRST, *terms)


def _best_wait_idle() -> tuple[Any, ...]:
    """Order by free slots, then by relative load; equal accounts at random."""
    load = Cast("load", FloatField())
    size = F("core_size")
    busy = Case(When(load__lt=size, then=load - size), default=load / size)
    return busy, Random()


def _by_weight() -> tuple[Any, ...]:
    """Choose accounts in proportion to their weight; weight 0 comes last.

    The least of independent exponential variables is each one's with a probability
    proportional to its rate.
    """
    weight = Cast(Greatest("weight", Value(1)), FloatField())
    unweighted = Case(When(weight=0, then=Value(1)), default=Value(0))
    return unweighted, -Ln(1.0 - Random()) / weight
