"""Leases of accounts: which gateway process holds which socket.

A lease is a row that its holder renews. Each new holder counts `fence` up, and writes
about the session only where the fence is still its own, so a stale holder is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.health import LOST, WITHOUT_SOCKET
from accounts.models import DiscordAccount
from accounts.selectors import enabled_accounts
from gateway.models import GatewayProcess, GatewaySession
from tasks.enums import RUNNING
from tasks.models import Task

LEASE: Final = timedelta(seconds=6)
PROCESS_GONE: Final = timedelta(seconds=6)


def wanted() -> QuerySet[DiscordAccount]:
    """Accounts whose socket must be open.

    One that rests needs none, but keeps it until the last of its drawings has ended.
    """
    running = Task.objects.filter(status__in=RUNNING).exclude(account=None)
    closed = Q(state__in=WITHOUT_SOCKET) & ~Q(pk__in=running.values("account"))
    return enabled_accounts().exclude(state__in=LOST).exclude(closed).order_by()


def announce(name: str) -> int:
    """Note that this process lives; return how many do."""
    now = timezone.now()
    GatewayProcess.objects.update_or_create(name=name, defaults={"seen_at": now})
    GatewayProcess.objects.filter(seen_at__lt=now - timedelta(hours=1)).delete()
    alive = GatewayProcess.objects.filter(seen_at__gt=now - PROCESS_GONE)
    return max(1, alive.count())


def retire(name: str) -> None:
    """Give back all leases and the process's own row, at a clean end."""
    GatewaySession.objects.filter(holder=name).update(holder="", lease_until=None)
    GatewayProcess.objects.filter(name=name).delete()


def renew(name: str) -> dict[int, int]:
    """Renew all leases of this process; return the fence of each account it holds."""
    held = GatewaySession.objects.filter(holder=name)
    held.update(lease_until=timezone.now() + LEASE)
    return dict(held.values_list("account_id", "fence"))


def acquire(name: str, *, processes: int, held: int) -> dict[int, int]:
    """Take free accounts up to this process's share; return their new fences."""
    missing = wanted().filter(session=None)
    for account_id in missing.values_list("pk", flat=True):
        GatewaySession.objects.get_or_create(account_id=account_id)
    room = math.ceil(wanted().count() / processes) - held
    if room <= 0:
        return {}
    now = timezone.now()
    free = Q(holder="") | Q(lease_until=None) | Q(lease_until__lt=now)
    rows = GatewaySession.objects.filter(free, account__in=wanted())
    taken: dict[int, int] = {}
    for account_id, fence in list(rows.values_list("account_id", "fence")[:room]):
        won = GatewaySession.objects.filter(
            free, account_id=account_id, fence=fence
        ).update(
            holder=name,
            lease_until=now + LEASE,
            fence=F("fence") + 1,
            is_live=False,  # until this process has resumed the session
        )
        if won:
            taken[account_id] = fence + 1
    return taken


def surplus(*, processes: int, held: Iterable[int]) -> list[int]:
    """Return the accounts that this process should leave to the others."""
    mine = sorted(held)
    share = math.ceil(wanted().count() / processes)
    return mine[share:]


def give_back(account_id: int, fence: int) -> None:
    GatewaySession.objects.filter(account_id=account_id, fence=fence).update(
        holder="", lease_until=None
    )


def note_session(account_id: int, fence: int, **facts: Any) -> bool:
    """Write what is known of the session; False where the lease is somebody else's."""
    rows = GatewaySession.objects.filter(account_id=account_id, fence=fence)
    return bool(rows.update(**facts))


def is_held(session: GatewaySession) -> bool:
    """Tell whether a living process holds the account's socket."""
    return bool(
        session.holder and session.lease_until and session.lease_until > timezone.now()
    )
