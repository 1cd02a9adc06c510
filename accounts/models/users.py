"""User: a person or a program."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.core.validators import RegexValidator
from django.db import models

from accounts.enums import PriorityClass
from accounts.models.groups import UserGroup
from accounts.models.invitations import Invitation
from accounts.models.limits import Limits
from mjproxy.lib.db.encrypted_field import EncryptedTextField


class User(AbstractUser, Limits):
    """A person or a program.

    Staff are operators; other users see their own tasks only.
    """

    # Existing programs have names with blanks and other scripts.
    username = models.CharField(
        "name",
        max_length=150,
        unique=True,
        validators=[RegexValidator(r"^[^\x00-\x1f\x7f]+$", "No control characters.")],
        error_messages={"unique": "This name is already in use."},
    )
    webhook_secret = EncryptedTextField(blank=True, editable=False)
    priority = models.SmallIntegerField(
        choices=PriorityClass,
        null=True,
        blank=True,
        help_text="Order of the users whose tasks wait for the same account. Empty: "
        "that of the group, else normal.",
    )

    group = models.ForeignKey(
        UserGroup, models.SET_NULL, null=True, blank=True, related_name="users"
    )
    is_trusted = models.BooleanField(
        "trusted",
        default=False,
        help_text="Not counted by the protection against many requests.",
    )
    valid_from = models.DateTimeField(null=True, blank=True)
    valid_until = models.DateTimeField(null=True, blank=True)
    # The address with which a person signed up, in lower case; empty for users whom
    # operators make. Unique, so that two sign-ups at once make one user.
    signed_up_as = models.EmailField(  # noqa: DJ001 - many users have none
        max_length=254, unique=True, null=True, editable=False
    )
    # The one with which they signed up.
    invitation = models.ForeignKey(
        Invitation, models.SET_NULL, null=True, editable=False, related_name="people"
    )
    registered_from = models.GenericIPAddressField(null=True, editable=False)
    last_login_from = models.GenericIPAddressField(null=True, editable=False)
    # Of an edit as a whole; sign-ins and the like leave it as it is.
    changed_at = models.DateTimeField(auto_now=True)

    # No column: False for a caller whose key is not good for an operator's work.
    as_operator = True

    @property
    def is_operator(self) -> bool:
        return self.is_active and self.is_staff and self.as_operator
