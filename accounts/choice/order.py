"""Which of several fitting accounts goes first. The load comes in as an annotation."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Case, F, FloatField, Value, When
from django.db.models.functions import Cast, Greatest, Ln, Random

from accounts.enums import AccountState, ChoiceRule

_CONNECTED_FIRST: Final = Case(
    When(state=AccountState.READY, then=Value(0)), default=Value(1)
)


def order(rule: str) -> tuple[Any, ...]:
    """Return the order of a rule, the account to be chosen in front.

    It reads `load`, the number of tasks that run and wait at an account. What is
    connected goes first, whatever the rule.
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
    """Most free slots first; without any, the least loaded. Chance between equals."""
    load = Cast("load", FloatField())
    size = F("core_size")
    busy = Case(When(load__lt=size, then=load - size), default=load / size)
    return busy, Random()


def _by_weight() -> tuple[Any, ...]:
    """Each as often as its weight says; those without one only among themselves.

    The least of exponential variables is each one's with the share of its rate.
    """
    weight = Cast(Greatest("weight", Value(1)), FloatField())
    unweighted = Case(When(weight=0, then=Value(1)), default=Value(0))
    return unweighted, -Ln(1.0 - Random()) / weight
