"""Limits of numbers: one rule for storage, forms and documentation."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.core.validators import MaxValueValidator, MinValueValidator

LONGEST: Final = timedelta(days=30)  # the longest time that may be waited for anything


def between(low: int, high: int) -> tuple[MinValueValidator, MaxValueValidator]:
    """Return the validators of a number from `low` to `high`, both included.

    The database's own maximum is no useful limit: a sum would overflow later.
    """
    return MinValueValidator(low), MaxValueValidator(high)


def span_of(minutes: float) -> timedelta:
    """Return a span of this many minutes, at most `LONGEST`."""
    return timedelta(minutes=min(minutes, LONGEST / timedelta(minutes=1)))


def limits_of(field: Any) -> dict[str, float]:
    """Return the limits of a model field, as arguments of form fields."""
    names = {MinValueValidator: "min_value", MaxValueValidator: "max_value"}
    return {
        names[type(check)]: check.limit_value
        for check in field._validators  # without the limits of the present database
        if type(check) in names
    }
