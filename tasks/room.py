"""Room of users: how many of their tasks may run at once, wherever they are drawn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils import timezone

from accounts.limits import meter
from accounts.limits.allowed import running_limits
from tasks.load import running_of_users


class OwnerIsFull(Exception):
    """The owner's last room was taken by another task, at another account."""


@contextmanager
def within_room(owner_id: int) -> Iterator[None]:
    """Claim a task of a user in this block, within their limit. Raises OwnerIsFull.

    Two queues may claim tasks of one user at the same time. So where there is a limit,
    the tasks are counted under the lock of the user's meter, which is taken last.
    """
    limits = running_limits({owner_id})
    if not limits:
        yield
        return
    with transaction.atomic():
        yield
        meter.count(owner_id, timezone.localdate(), drawings=0)  # locks it
        if running_of_users(limits).get(owner_id, 0) > limits[owner_id]:
            raise OwnerIsFull
