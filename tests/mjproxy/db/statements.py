"""Statements on a connection as threads of the product send them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections


def ask(wrapper: Any, sql: str = "SELECT 1") -> Any:
    """Ask as the next request of a thread does."""
    wrapper.close_if_unusable_or_obsolete()
    with wrapper.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


@contextmanager
def as_default(wrapper: Any) -> Iterator[None]:
    """Let it be this thread's connection of the product."""
    usual = connections["default"]
    connections["default"] = wrapper
    try:
        yield
    finally:
        connections["default"] = usual
