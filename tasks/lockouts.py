"""Lock out who lets Midjourney's moderation refuse too many drawings of a day."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q
from django.utils import timezone

from accounts.limits.guests import place
from accounts.models import User
from accounts.people.keys import GUEST_NAME
from accounts.protection import lockouts
from mjproxy.lib.ids import first_task_id_of
from tasks.enums import TaskStatus
from tasks.exceptions import LockedOut
from tasks.models import Task
from tasks.services import fail

logger = logging.getLogger(__name__)

REFUSALS: Final = ("banned prompt detected", "image denied")
_WAITING: Final = Q(status__in=[TaskStatus.NOT_START, TaskStatus.MODAL])
# A drawing that is refused today was submitted in these days at the earliest.
_OLDEST: Final = timedelta(days=2)


def check(user: User, address: str | None, *, is_guest: bool) -> None:
    """Raise LockedOut for a user or an address that may not draw now.

    Guests are one user, so only their addresses are locked out.
    """
    if user.is_operator or user.is_trusted:
        return
    if until := lockouts.locked_until(None if is_guest else user.pk, address):
        raise LockedOut(until)


def fail_if_locked(task: Task) -> bool:
    """Fail a waiting task of a user or an address that may not draw; tell whether.

    Asked when it is sent: it may have been written while the lockout began, or have
    come back from a post that Discord did not take.
    """
    if not lockouts.are_any():
        return False
    owner = User.objects.filter(pk=task.owner_id).defer("webhook_secret").first()
    if owner is None:
        return False
    try:
        check(owner, task.client_ip, is_guest=owner.username == GUEST_NAME)
    except LockedOut as exc:
        return fail(task.pk, f"{exc.zh} / {exc.en}", where=_WAITING)
    return False


def count_refusal(task: Task) -> None:
    """Lock out the owner and the address of a task that moderation has just refused.

    Their waiting tasks fail.
    """
    if not lockouts.rules():
        return
    owner = User.objects.filter(pk=task.owner_id).defer("webhook_secret").first()
    if owner is None or owner.is_operator or owner.is_trusted:
        return
    refused = list(_refused_today())
    if owner.username != GUEST_NAME:
        count = sum(user == owner.pk for user, _ in refused)
        _lock(owner.pk, count)
    if task.client_ip:
        address = place(task.client_ip)
        _lock(address, sum(address == found for _, found in refused))


def is_refused(task: Task) -> bool:
    if task.status != TaskStatus.FAILURE:
        return False  # the reason may not have been read
    reason = task.fail_reason.lower()
    return any(word in reason for word in REFUSALS)


def _refused_today() -> Iterator[tuple[int, str]]:
    """Yield owner and address of each drawing that was refused since midnight."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    said = Q(*(("fail_reason__icontains", word) for word in REFUSALS), _connector=Q.OR)
    rows = Task.objects.filter(
        said,
        status=TaskStatus.FAILURE,
        finished_at__gte=midnight,
        pk__gte=first_task_id_of(midnight - _OLDEST),
    )
    for owner, address in rows.values_list("owner", "client_ip"):
        yield owner, place(address)


def _lock(who: int | str, refusals: int) -> None:
    minutes = lockouts.minutes_for(refusals)
    if minutes is None:
        return
    until = lockouts.lock(who, refusals, minutes)
    logger.warning("%s is locked out after %d refusals", _named(who), refusals)
    _fail_waiting(who, until)


def _named(who: int | str) -> str:
    return f"user {who}" if isinstance(who, int) else f"address {who}"


def _fail_waiting(who: int | str, until: datetime) -> None:
    said = LockedOut(until)
    for task_id in list(_waiting_of(who)):
        fail(task_id, f"{said.zh} / {said.en}", where=_WAITING)


def _waiting_of(who: int | str) -> Iterator[int]:
    if isinstance(who, int):
        yield from Task.objects.filter(_WAITING, owner=who).values_list("pk", flat=True)
        return
    counted = Q(owner__is_trusted=False, owner__is_staff=False)
    rows = Task.objects.filter(_WAITING, counted, client_ip__isnull=False)
    for task_id, address in rows.values_list("pk", "client_ip"):
        if place(address) == who:
            yield task_id
