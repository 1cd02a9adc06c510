"""ApiKey: a key of a user, stored as a hash."""

from __future__ import annotations

from typing import Final

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from accounts.enums import KeyScope
from accounts.models.users import User
from mjproxy.lib.validators.networks import network_of
from mjproxy.lib.validators.number_limits import between

MOST_ADDRESSES: Final = 100


def known_scopes(value: object) -> None:
    """Raise ValidationError for a value that is not a list of scopes."""
    if not isinstance(value, list) or not set(map(str, value)) <= set(KeyScope.values):
        raise ValidationError("A list of draw, read, account and admin.")


def known_networks(value: object) -> None:
    """Raise ValidationError for a value that is not a list of addresses or networks."""
    if not isinstance(value, list) or len(value) > MOST_ADDRESSES:
        raise ValidationError(f"A list of at most {MOST_ADDRESSES} addresses.")
    for each in value:
        try:
            network_of(str(each))
        except ValueError as exc:
            raise ValidationError(f"{str(each)[:80]} is no IP address.") from exc


def all_scopes() -> list[str]:
    return list(KeyScope.values)


class ApiKey(models.Model):
    """A key of a user, stored as a hash. The key itself is shown once."""

    owner = models.ForeignKey(User, models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80, blank=True)
    prefix = models.CharField(max_length=12, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    is_active = models.BooleanField(default=True)
    scopes = models.JSONField(default=all_scopes, validators=[known_scopes])
    expires_at = models.DateTimeField(null=True, blank=True)
    allowed_addresses = models.JSONField(
        default=list,
        blank=True,
        validators=[known_networks],
        help_text="Addresses or networks such as 192.0.2.0/24. Empty: any.",
    )
    drawings_a_day = models.PositiveIntegerField(
        null=True, blank=True, validators=between(1, 1_000_000_000)
    )
    drawings_in_total = models.PositiveIntegerField(
        null=True, blank=True, validators=between(1, 1_000_000_000)
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.prefix}... of {self.owner_id}"
