"""Reading accounts."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.enums import AccountState
from accounts.models import DiscordAccount


def enabled_accounts() -> QuerySet[DiscordAccount]:
    return DiscordAccount.objects.filter(enabled=True)


def alive_accounts() -> QuerySet[DiscordAccount]:
    """Accounts that a new task may be given to, in the operator's order.

    One that is only cut off for the moment counts: its tasks wait for it.
    """
    states = (AccountState.READY, AccountState.CONNECTING, AccountState.DISCONNECTED)
    return enabled_accounts().filter(state__in=states)
