"""Mail addresses of users, set by operators or changed by themselves."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.userkit import filter_users_by_email
from allauth.account.models import EmailAddress

from accounts.exceptions import InvalidField
from accounts.models import User


def is_taken(email: str, user: User) -> bool:
    """Tell whether another user has an address."""
    found = filter_users_by_email(email) if email else []
    return any(each.pk != user.pk for each in found)


def set_by_operator(user: User) -> None:
    """Make `user.email` the user's only address. Call it in a transaction.

    The address before is void: no link for a new password goes there any more. Raises
    InvalidField if another user has the address.
    """
    email = user.email.lower()
    if is_taken(email, user):
        raise InvalidField("邮箱已被使用", "Another user has this mail address")
    rows: Any = EmailAddress.objects.filter(user=user)
    rows.exclude(email=email).delete()
    if email:
        facts = {"verified": True, "primary": True}
        EmailAddress.objects.update_or_create(user=user, email=email, defaults=facts)
    user.email = email
    _keep_unique(user)
    user.save(update_fields=["email", "signed_up_as"])


def note_changed(user: User, to_email_address: EmailAddress, **_: Any) -> None:
    """Note the address to which a person has changed, and confirmed."""
    if user.signed_up_as:
        user.email = to_email_address.email
        _keep_unique(user)
        user.save(update_fields=["signed_up_as"])


def _keep_unique(user: User) -> None:
    """Let the address of a sign-up follow, unless one who never confirmed has it."""
    if user.signed_up_as:
        others = User.objects.filter(signed_up_as=user.email).exclude(pk=user.pk)
        user.signed_up_as = None if others.exists() else user.email or None
