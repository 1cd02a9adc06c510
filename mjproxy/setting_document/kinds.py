"""Kinds of members of the settings: how each is sent, shown and written to a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from rest_framework import serializers

from mjproxy.lib.db.encrypted_field import UndecryptableSecret
from mjproxy.lib.dialect.fields import Items, Number, Text, Whole
from mjproxy.lib.validators.number_limits import limits_of

MASK: Final = "****"
Field = serializers.Field[Any, Any, Any, Any]


@dataclass(frozen=True)
class Kind:
    """A kind of member. `form` makes its field from the field of the model.

    A member for whose row `counts` is False is not written.
    """

    form: Callable[[Any], Field]
    show: Callable[[Any, str], Any] = getattr
    write: Callable[[Any, str, Any], None] = setattr
    counts: Callable[[Any], bool] = lambda row: True


class Rules(serializers.DictField):
    """An object; the model's validators say which. Its keys are case-sensitive."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)


def text(field: Any) -> Field:
    return Text(default=serializers.empty, max_length=field.max_length)


def _fraction(field: Any) -> Field:
    limits: dict[str, Any] = {**limits_of(field)}
    return Number(required=False, **limits)


def _limit(field: Any) -> Field:
    most = limits_of(field)["max_value"]
    text = "-1: none. For people who sign up: that of their group, if it has one."
    return Whole(max_value=most, help_text=text)


def _show_limit(row: Any, column: str) -> int:
    most = getattr(row, column)
    return -1 if most is None else int(most)


def _write_limit(row: Any, column: str, value: int) -> None:
    setattr(row, column, None if value < 0 else value)


def _most(field: Any) -> Field:
    return Whole(max_value=limits_of(field)["max_value"], help_text="0 or less: all.")


def _write_most(row: Any, column: str, value: int) -> None:
    setattr(row, column, max(value, 0))


def show_secret(row: Any, column: str) -> str:
    try:
        return MASK if getattr(row, column) else ""
    except UndecryptableSecret:
        return MASK


def write_secret(row: Any, column: str, value: str) -> None:
    """Store a secret; the mask, or nothing, leaves the stored one alone."""
    if value.strip(" *"):
        setattr(row, column, value)


SWITCH: Final = Kind(lambda _: serializers.BooleanField(required=False))
NUMBER: Final = Kind(lambda field: Whole(**limits_of(field)))
FRACTION: Final = Kind(_fraction)
LIMIT: Final = Kind(_limit, _show_limit, _write_limit)
MOST: Final = Kind(_most, write=_write_most)
TEXT: Final = Kind(text)
CHOICE: Final = Kind(lambda f: serializers.ChoiceField(f.choices, required=False))
SECRET: Final = Kind(
    lambda _: Text(
        default=serializers.empty,
        max_length=4000,
        help_text=f"Shown as {MASK}. Sent back so, or empty, it stays.",
    ),
    show_secret,
    write_secret,
)
RULES: Final = Kind(lambda _: Rules())
TEXTS: Final = Kind(
    lambda _: Items(
        child=serializers.CharField(max_length=100), max_length=100_000, required=False
    )
)
