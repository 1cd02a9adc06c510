"""Batch: many pieces of work in one transaction, all or none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

from django.db import connection, transaction
from django.db.transaction import Atomic

_inside: ContextVar[bool] = ContextVar("batch", default=False)


@contextmanager
def batch() -> Iterator[None]:
    """Open a transaction for many pieces of work.

    If one of them fails, nothing is written: do them again, each on its own.
    """
    with transaction.atomic():
        token = _inside.set(True)
        try:
            yield
        finally:
            _inside.reset(token)  # before the commit, and what is called after it


def is_open() -> bool:
    """Tell whether this thread does a batch."""
    return _inside.get()


def part() -> Atomic:
    """Return a transaction, or in a batch a part of it without a savepoint.

    After an error in such a part the whole batch must fail.
    """
    return transaction.atomic(savepoint=not _inside.get())


def part_of_one_statement() -> AbstractContextManager[None]:
    """Return `part`; outside of a transaction nothing: the statement is one itself."""
    return part() if connection.in_atomic_block else nullcontext()
