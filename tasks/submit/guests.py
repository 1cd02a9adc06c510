"""Keep the number of drawings that guests at one address have on a day."""

from __future__ import annotations

from datetime import date

from accounts.limits import guests
from accounts.limits.periods import end_of_day
from tasks.exceptions import DrawingsUsedUp
from tasks.models import Task


def count_guest(task: Task, day: date | None) -> None:
    """Count a guest's task of a day; None: it is no drawing. Raises DrawingsUsedUp.

    Call it last in the transaction that writes the task.
    """
    if day is not None and not guests.count(task.client_ip, day):
        raise DrawingsUsedUp(
            "访客今日绘图次数已达上限",
            "The drawings of guests at this address for the day are made",
            guests.most() or 0,
            end_of_day(day),
        )
