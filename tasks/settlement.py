"""Settlement: what the end of a task changes in the meters and the ledger."""

from __future__ import annotations

from django.db.models import Q

from accounts.credits import ledger
from accounts.limits import guests, meter
from accounts.people.keys import GUEST_NAME
from tasks.enums import TaskStatus
from tasks.models import Task


def is_due(status: TaskStatus, task: Task) -> bool:
    """Tell whether a move to `status` also writes to meters or ledger."""
    if status == TaskStatus.FAILURE:
        return True
    return status == TaskStatus.SUCCESS and bool(task.price)


def settle(status: TaskStatus, task: Task) -> None:
    """Write what a move to `status` means, in the transaction of the move."""
    if status == TaskStatus.FAILURE:
        _give_back(task.pk)
    elif status == TaskStatus.SUCCESS and task.price:
        ledger.settle(task.owner_id, task.pk)


def _give_back(task_id: int) -> None:
    """Return the price of a failed task.

    What Midjourney never began is also taken out of the numbers of drawings. Key and
    user are locked in the order of a submit.
    """
    counts = Q(is_begun=False, counted_on__isnull=False)
    rows = Task.objects.filter(counts | Q(price__gt=0), pk=task_id)
    columns = "is_begun", "counted_on", "key", "key_counted", "owner__username"
    found = rows.values_list("owner", "price", *columns, "client_ip").first()
    if found is None:
        return
    owner, price, is_begun, day, key, key_counted, name, address = found
    if day and not is_begun:
        Task.objects.filter(pk=task_id).update(counted_on=None)
        meter.give_back(owner, key if key_counted else None, day)
        if name == GUEST_NAME:
            guests.give_back(address, day)
    if price:
        ledger.give_back(owner, task_id, price)
