"""Leases of accounts: which gateway process holds which socket.

A lease is a row that its holder renews. Each new holder increments `fence`, and writes
about the session only while the fence is its own. So a stale holder is refused.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, reduce
from operator import or_
from typing import Any, Final

from django.db.models import Exists, F, Q, QuerySet
from django.utils import timezone

from accounts.models import DiscordAccount
from accounts.states import LOST, WITHOUT_SOCKET
from gateway import lease_holders
from gateway.models import GatewayProcess, GatewaySession
from mjproxy.lib.db.claim import due
from mjproxy.lib.db.compiled_query import CompiledQuery
from tasks.conditions import Condition
from tasks.enums import RUNNING
from tasks.models import Task

RENEW_EVERY: Final = 1.0  # seconds between two renewals
LEASE: Final = timedelta(seconds=6)
# A holder that has not renewed for this time may be dead, so nothing is sent for its
# sockets. Another process can take them only when the lease has run out.
FRESH: Final = timedelta(seconds=2.5 * RENEW_EVERY)
PROCESS_GONE: Final = timedelta(seconds=6)
CHUNK: Final = 500  # rows named in one statement


@dataclass(frozen=True)
class Lease:
    """The right to hold an account's socket, and what its row says now."""

    fence: int
    revision: int
    is_wanted: bool  # its socket must be open
    channels_revision: int = 0


def wanted() -> QuerySet[DiscordAccount]:
    """Return the accounts whose socket must be open.

    An account that rests or is off keeps its socket until its last running task ends.
    """
    running = Task.objects.filter(status__in=RUNNING).exclude(account=None)
    closed = Q(enabled=False) | Q(state__in=WITHOUT_SOCKET)
    closed &= ~Q(pk__in=running.values("account"))
    return DiscordAccount.objects.exclude(state__in=LOST).exclude(closed).order_by()


def announce(name: str) -> int:
    """Record that this process lives; return the number of live processes."""
    now = timezone.now()
    if not GatewayProcess.objects.filter(name=name).update(seen_at=now):
        GatewayProcess.objects.create(name=name, seen_at=now)
        GatewayProcess.objects.filter(seen_at__lt=now - timedelta(hours=1)).delete()
    alive = GatewayProcess.objects.filter(seen_at__gt=now - PROCESS_GONE)
    return max(1, alive.count())


def fall_silent(name: str, account_ids: Collection[int] | None = None) -> None:
    """Mark sessions of this process as not live, before it closes their sockets.

    Without `account_ids`, all. From now on nothing is sent for them.
    """
    held = GatewaySession.objects.filter(holder=name)
    if account_ids is not None:
        held = held.filter(pk__in=account_ids)
    held.update(is_live=False)


def retire(name: str) -> None:
    """Give back all leases and delete the process's row, at a clean end."""
    GatewaySession.objects.filter(holder=name).update(holder="", lease_until=None)
    GatewayProcess.objects.filter(name=name).delete()


def retire_dead() -> None:
    """Give back the leases of processes that have ended on this machine."""
    for name in lease_holders.dead():
        retire(name)
        lease_holders.forget(name)


def renew(name: str) -> dict[int, Lease]:
    """Renew all leases of this process and return them by account."""
    held = GatewaySession.objects.filter(holder=name)
    held.update(lease_until=timezone.now() + LEASE)
    names = "account__revision", "account__channels_revision"
    rows = held.values_list("pk", "fence", *names)
    on = set(wanted().filter(session__holder=name).values_list("pk", flat=True))
    return {
        pk: Lease(fence, revision, pk in on, channels)
        for pk, fence, revision, channels in rows
    }


def share(processes: int) -> int:
    """Return how many accounts each of this number of processes may hold."""
    return math.ceil(wanted().count() / processes)


def acquire(name: str, room: int) -> dict[int, Lease]:
    """Take up to `room` free accounts; return all that this process then holds.

    The number of statements does not grow with the accounts. If two processes want the
    same account, the database gives it to the first.
    """
    missing = wanted().filter(session=None)
    GatewaySession.objects.bulk_create(
        [GatewaySession(account_id=pk) for pk in missing.values_list("pk", flat=True)],
        ignore_conflicts=True,
    )
    now = timezone.now()
    free = Q(holder="") | due("lease_until", now)
    rows = GatewaySession.objects.filter(free, account__in=wanted())
    chosen = list(rows.values_list("pk", flat=True)[: max(0, room)])
    for start in range(0, len(chosen), CHUNK):
        GatewaySession.objects.filter(
            free, pk__in=chosen[start : start + CHUNK]
        ).update(
            holder=name,
            lease_until=now + LEASE,
            fence=F("fence") + 1,
            is_live=False,  # until this process has resumed the session
        )
    return renew(name)


def give_back(account_id: int, fence: int) -> None:
    GatewaySession.objects.filter(account_id=account_id, fence=fence).update(
        holder="", lease_until=None
    )


def save_seqs(name: str, seqs: dict[int, int]) -> None:
    """Save the last handled sequence numbers of accounts that this process holds."""
    rows = [GatewaySession(pk=pk, seq=seq) for pk, seq in seqs.items()]
    held = GatewaySession.objects.filter(holder=name)
    held.bulk_update(rows, ["seq"], batch_size=CHUNK)


def note_session(account_id: int, fence: int, **facts: Any) -> bool:
    """Write fields of the session; return False if the lease is lost."""
    rows = GatewaySession.objects.filter(account_id=account_id, fence=fence)
    return bool(rows.update(**facts))


def hold(fences: Mapping[int, int]) -> set[int]:
    """Return the accounts that still have these fences.

    Where the database can, their leases stay as they are until the transaction ends.
    """
    wanted = sorted(fences)
    size = 1 << (len(wanted) - 1).bit_length()  # few sizes, each compiled once
    rows = _held(size)(*wanted, *wanted[-1:] * (size - len(wanted)))
    return {row.pk for row in rows if row.fence == fences[row.pk]}


@cache
def _held(count: int) -> CompiledQuery[GatewaySession]:
    def build(*accounts: Any) -> QuerySet[GatewaySession]:
        named = reduce(or_, (Q(account=each) for each in accounts))
        rows = GatewaySession.objects.filter(named).exclude(holder="")
        return rows.only("fence").order_by("account_id").select_for_update()

    return CompiledQuery(build, values=count)


class _Locked(Exists):
    """EXISTS that keeps the row until the end of the statement's transaction.

    Without it the row could change between the snapshot of a statement and its write.
    """

    def as_sql(self, compiler: Any, connection: Any, **kwargs: Any) -> Any:
        can_lock = connection.features.has_select_for_update
        locked = "EXISTS(%(subquery)s FOR UPDATE)" if can_lock else None
        given = {"template": locked, **kwargs}
        return super().as_sql(compiler, connection, **given)


def holds(account_id: int, fence: int) -> Condition:
    """Return a condition for an UPDATE outside of a transaction: the fence is this."""
    column: Any = GatewaySession._meta.get_field
    fields = column("account"), column("fence")
    return Condition(_is_held, fields, (account_id, fence))


def _is_held(account: Any, fence: Any) -> Q:
    rows = GatewaySession.objects.filter(account=account, fence=fence)
    return Q(_Locked(rows.exclude(holder="")))


def is_open(session: GatewaySession) -> bool:
    """Return whether anything may be sent for the session's account now.

    Its socket must be live at the account's present revision. After an edit of the
    connection it is closed until the new connection is up.
    """
    return bool(
        session.is_live
        and session.session_id
        and session.revision == session.account.revision
        and session.is_held
        and session.lease_until
        and session.lease_until > renewed_lately()
        and not lease_holders.is_dead(session.holder)
    )


def still_open(session: GatewaySession) -> Exists:
    """Return a condition for a claim's UPDATE: the session is open.

    It must be the session whose id the interaction names. Discord gives another id at
    each IDENTIFY, and a new holder begins with a session that is not live.
    """
    return is_open_with(session.account_id, session.session_id, renewed_lately())


def is_open_with(account_id: Any, session_id: Any, renewed: Any) -> Exists:
    """Return the condition of `still_open` for such values, or for expressions."""
    sessions = GatewaySession.objects.filter(
        account=account_id,
        session_id=session_id,
        is_live=True,
        revision=F("account__revision"),
        lease_until__gt=renewed,
    )
    return Exists(sessions.exclude(holder="").exclude(session_id=""))


def renewed_lately() -> datetime:
    """Return the least `lease_until` of a lease whose holder surely lives."""
    return timezone.now() + LEASE - FRESH
