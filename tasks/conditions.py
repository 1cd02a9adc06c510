"""Condition: a condition of a task's move whose SQL is built once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Field, Q


@dataclass(frozen=True)
class Condition:
    """A condition for `advance`, with values that differ from task to task.

    `build` is a function of a module. It gets an expression for each of `values`;
    `fields` are the columns that these are compared with.
    """

    build: Callable[..., Q]
    fields: tuple[Field[Any, Any], ...]
    values: tuple[Any, ...]
