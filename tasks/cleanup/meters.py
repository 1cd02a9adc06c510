"""Compare the numbers of drawings with the tasks that are there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, QuerySet

from accounts.models import KeyMeter, Meter
from tasks.models import Task


@dataclass(frozen=True)
class Difference:
    """A meter whose number of a day is not the number of the day's tasks."""

    name: str  # such as "user 7"
    counted: int
    tasks: int

    @property
    def is_wrong(self) -> bool:
        """Whether more was drawn than counted: no removal of tasks explains it."""
        return self.tasks > self.counted


def differences(day: date) -> Iterator[Difference]:
    """Yield the meters of users and keys that differ from the tasks of a day."""
    users, keys = Meter.objects.filter(day=day), KeyMeter.objects.filter(day=day)
    drawn = Task.objects.filter(counted_on=day).order_by()
    of_users = users.values_list("user", "of_day"), drawn.values_list("owner")
    of_key = drawn.filter(key_counted=True, key__isnull=False).values_list("key")
    yield from _compared("user", *of_users)
    yield from _compared("key", keys.values_list("key", "of_day"), of_key)


def _compared(
    what: str, meters: QuerySet[Any, Any], drawn: QuerySet[Any, Any]
) -> Iterator[Difference]:
    counted = dict(meters)
    tasks = dict(drawn.annotate(Count("pk")))
    for pk in sorted(counted.keys() | tasks.keys()):
        numbers = counted.get(pk, 0), tasks.get(pk, 0)
        if numbers[0] != numbers[1]:
            yield Difference(f"{what} {pk}", *numbers)
