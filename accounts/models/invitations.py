"""Invitation: a code with which people may sign up, stored as a hash."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models.groups import UserGroup
from mjproxy.lib.validators.number_limits import between


class Invitation(models.Model):
    """A code with which people may sign up. The code itself is shown once."""

    prefix = models.CharField(max_length=12, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    note = models.CharField(max_length=400, blank=True)
    uses_left = models.PositiveIntegerField(default=1, validators=between(0, 1_000_000))
    expires_at = models.DateTimeField(null=True, blank=True)
    group = models.ForeignKey(
        UserGroup,
        models.SET_NULL,
        null=True,
        blank=True,
        help_text="The group of those who come with it. Empty: that of the access "
        "settings.",
    )
    made_by = models.CharField(max_length=150, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"{self.prefix}..."
