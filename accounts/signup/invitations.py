"""Make invitations, and use them up."""

from __future__ import annotations

import secrets

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.models import Invitation
from accounts.people.keys import digest
from mjproxy.lib.audit.records import audited


@audited
def make_code(invitation: Invitation, *, by: str = "") -> str:
    """Save a new invitation; return its random code, which is shown once."""
    code = "inv_" + secrets.token_urlsafe(12)
    invitation.made_by = by
    invitation.prefix, invitation.digest = code[:8], digest(code)
    invitation.save()
    return code


@audited
def save_invitation(invitation: Invitation) -> None:
    """Save an invitation that an operator has edited."""
    invitation.save()


def are_any() -> bool:
    """Tell whether there are invitations with uses left."""
    return Invitation.objects.filter(uses_left__gt=0).exists()


def find(code: str) -> Invitation | None:
    """Return the invitation of a code, if it is good for one more person."""
    return _good(code).first()


def use(code: str) -> Invitation | None:
    """Take one use of an invitation; None if another person took the last one.

    Call it in the transaction of the sign-up: where that fails, the use is returned.
    """
    if not _good(code).update(uses_left=F("uses_left") - 1):
        return None
    return Invitation.objects.get(digest=digest(code.strip()))


def _good(code: str) -> QuerySet[Invitation]:
    now = timezone.now()
    rows = Invitation.objects.filter(digest=digest(code.strip()), uses_left__gt=0)
    return rows.filter(Q(expires_at=None) | Q(expires_at__gt=now))
