"""Lockouts: users and addresses that may not draw after refused prompts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import QuerySet
from django.utils import timezone

from accounts.limits.guests import place
from accounts.models import Lockout, ProtectionSettings
from mjproxy.lib.audit.records import audited
from mjproxy.lib.db.snapshot import Snapshot

# The end of each lockout, by the id of a user or by an address.
Ends = dict[int | str, datetime]


def _rules() -> list[tuple[int, int]]:
    row = ProtectionSettings.objects.only("refusals_on", "refusals").first()
    if row is None or not row.refusals_on:
        return []
    pairs = [(int(count), minutes) for count, minutes in row.refusals.items()]
    return sorted(pairs, reverse=True)


def _ends() -> Ends:
    rows = Lockout.objects.filter(until__gt=timezone.now())
    columns = rows.values_list("user", "address", "until")
    return {user or address or "": until for user, address, until in columns}


rules: Final = Snapshot(_rules, ProtectionSettings)
_locked: Final = Snapshot(_ends, Lockout)


def minutes_for(refusals: int) -> int | None:
    """Return for how long so many refusals of a day lock out; None: not at all."""
    fitting = (minutes for count, minutes in rules() if refusals >= count)
    return next(fitting, None)


def are_any() -> bool:
    """Tell whether anybody is locked out now."""
    return bool(rules() and _locked())


def locked_until(user_id: int | None, address: str | None) -> datetime | None:
    """Return the end of the lockout of a user or an address, or None."""
    ends = _locked()
    if not ends or not rules():
        return None
    named = (user_id, place(address) if address else None)
    found = [ends[each] for each in named if each is not None and each in ends]
    until = max(found, default=None)
    return until if until and until > timezone.now() else None


def lock(who: int | str, refusals: int, minutes: int) -> datetime:
    """Lock out a user (by id) or an address from now on; return the end."""
    now = timezone.now()
    until = now + timedelta(minutes=minutes)
    name = "user_id" if isinstance(who, int) else "address"
    facts: dict[str, Any] = {"refusals": refusals, "since": now, "until": until}
    named: dict[str, Any] = {name: who}
    Lockout.objects.update_or_create(facts, **named)
    return until


@audited
def unlock(rows: QuerySet[Lockout]) -> int:
    """End lockouts; return how many."""
    count, _ = rows.delete()
    return count
