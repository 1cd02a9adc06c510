"""Old rows of accounts and users: what goes, and its removal."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.db.models import QuerySet
from django.utils import timezone

from accounts.audit import retention as audit
from accounts.models import (
    AccountEvent,
    GuestDay,
    Lockout,
    OperatorMail,
    PersonMail,
    RetentionSettings,
    User,
)
from accounts.models.retention import MOST_DAYS
from accounts.people import passes
from mjproxy.lib.db import time_limits
from mjproxy.lib.db.removal import Lot, rows

KEEP_GUESTS: Final = timedelta(days=7)  # a drawing of then may yet be given back
# A link to confirm an address is good for three days.
KEEP_UNCONFIRMED: Final = timedelta(days=7)


def remove_old() -> None:
    """Remove history and mails, expired sessions, and entries of the audit log."""
    with time_limits.lifted():
        for lot in lots():
            lot.remove()
        remove_expired()


def lots() -> list[Lot]:
    """Return what is older than the settings say."""
    kept = RetentionSettings.get_solo()
    events = AccountEvent.objects.filter(at__lt=_ago(kept.event_days))
    mails = OperatorMail.objects.filter(at__lt=_ago(kept.mail_days))
    people_mails = PersonMail.objects.filter(at__lt=_ago(kept.mail_days))
    return [
        rows("events of accounts", events),
        rows("mails to operators", mails),
        rows("mails to people", people_mails),
        audit.lot(_ago(kept.audit_days)),
        rows("people who never confirmed", _unconfirmed(), _remove_people),
    ]


def _ago(days: int) -> datetime:
    return timezone.now() - timedelta(days=min(days, MOST_DAYS))


def remove_expired() -> None:
    """Remove what has expired, and old counts."""
    call_command("clearsessions")
    Lockout.objects.filter(until__lt=timezone.now()).delete()
    GuestDay.objects.filter(day__lt=timezone.localdate() - KEEP_GUESTS).delete()


def _unconfirmed() -> QuerySet[User]:
    """Return people who never confirmed their address, so that it becomes free again.

    Who has a key or came in once stays.
    """
    people = User.objects.filter(
        date_joined__lt=timezone.now() - KEEP_UNCONFIRMED,
        last_login=None,
        api_keys=None,
    ).exclude(signed_up_as=None)
    confirmed = EmailAddress.objects.filter(verified=True).values("user")
    return people.exclude(pk__in=confirmed)


def _remove_people(pks: list[int]) -> None:
    for user in User.objects.filter(pk__in=pks).defer("webhook_secret"):
        passes.delete_user(user)
