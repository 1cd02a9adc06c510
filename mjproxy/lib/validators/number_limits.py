"""Between which values a number may lie: stored, shown and described by one rule."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.core.validators import MaxValueValidator, MinValueValidator

LONGEST: Final = timedelta(days=30)  # that anything is waited for


def between(low: int, high: int) -> tuple[MinValueValidator, MaxValueValidator]:
    """Return the validators of a number that is neither below `low` nor above `high`.

    What a database could hold says nothing: an unforeseen sum of it overflows later.
    """
    return MinValueValidator(low), MaxValueValidator(high)


def span_of(minutes: float) -> timedelta:
    """Return a span of so many minutes; `LONGEST`, where that is longer."""
    return timedelta(minutes=min(minutes, LONGEST / timedelta(minutes=1)))


def limits_of(field: Any) -> dict[str, Any]:
    """Return the bounds of a model's field, as the fields of forms take them."""
    names = {MinValueValidator: "min_value", MaxValueValidator: "max_value"}
    return {
        names[type(check)]: check.limit_value
        for check in field._validators  # not those of the database at hand
        if type(check) in names
    }
