"""Rules of signing up: whether it is open, for which addresses and invitations."""

from __future__ import annotations

from typing import Final

from accounts.exceptions import InvalidField
from accounts.mails import people
from accounts.models import Invitation, User
from accounts.models.settings import domains_in
from accounts.people.users import new_webhook_secret
from accounts.selectors import access_settings
from accounts.signup import invitations

# Limits of a new person, of which the access settings have the values.
GIVEN_LIMITS: Final = (
    *("drawings_a_day", "drawings_in_total", "running_at_once", "waiting_at_once"),
)


class InvitationNeeded(InvalidField):
    """No invitation, or one that is unknown, expired or used up."""

    def __init__(self) -> None:
        super().__init__("邀请码无效", "This invitation is not valid")


def is_open() -> bool:
    """Tell whether people may sign up: it is switched on, and mails can be sent."""
    return access_settings().sign_up and people.can_be_sent()


def is_allowed(email: str) -> bool:
    """Tell whether the domain of an address may sign up."""
    allowed = domains_in(access_settings().sign_up_domains)
    domain = email.rpartition("@")[2].lower()
    return not allowed or domain in allowed


def check_invitation(code: str) -> None:
    """Raise InvitationNeeded for a code that is not good."""
    if (code or access_settings().invitation_needed) and not invitations.find(code):
        raise InvitationNeeded


def prepare(user: User, *, email: str, address: str | None, code: str) -> None:
    """Fill the fields of a person who signs up; the caller saves them.

    Uses the invitation up, so call it in a transaction. Raises InvitationNeeded.
    """
    settings = access_settings()
    invitation: Invitation | None = None
    if code or settings.invitation_needed:
        invitation = invitations.use(code)
        if invitation is None:
            raise InvitationNeeded
    user.email = user.signed_up_as = email.lower()
    user.registered_from = address
    user.webhook_secret = new_webhook_secret()
    user.invitation = invitation
    user.group = (invitation and invitation.group) or settings.sign_up_group
    for limit in GIVEN_LIMITS:
        setattr(user, limit, getattr(settings, f"sign_up_{limit}"))
