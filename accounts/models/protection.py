"""Protection against many requests and refused prompts: its settings, its lockouts."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from solo.models import SingletonModel

from mjproxy.lib.validators.networks import network_of
from mjproxy.lib.validators.number_limits import between
from mjproxy.lib.validators.path_rules import check_rules

LONGEST_BLOCK: Final = 525_600  # minutes
MOST_REFUSALS: Final = 10_000
MOST_NETWORKS: Final = 100_000


def check_networks(value: Any) -> None:
    """Raise ValidationError for what is no list of addresses and networks."""
    if not isinstance(value, list) or len(value) > MOST_NETWORKS:
        raise ValidationError(f"A list of at most {MOST_NETWORKS} addresses.")
    for each in value:
        try:
            network_of(str(each))
        except ValueError as exc:
            raise ValidationError(f"{str(each)[:80]} is no IP address.") from exc


def check_refusal_rules(value: Any) -> None:
    """Raise ValidationError for what is not {refusals of a day: minutes}."""
    if not isinstance(value, dict) or len(value) > 100:
        raise ValidationError("Rules are an object: {refusals: minutes}.")
    for count, minutes in value.items():
        is_count = count.isascii() and count.isdigit() and len(count) <= 6
        if not is_count or not 1 <= int(count) <= MOST_REFUSALS:
            text = f"{count[:20]} is no number of refusals (1 to {MOST_REFUSALS})."
            raise ValidationError(text)
        is_number = isinstance(minutes, int) and not isinstance(minutes, bool)
        if not is_number or not 1 <= minutes <= LONGEST_BLOCK:
            text = (
                f"{str(minutes)[:20]} is no number of minutes (1 to {LONGEST_BLOCK})."
            )
            raise ValidationError(text)


def _rules(verbose_name: str) -> Any:
    return models.JSONField(
        verbose_name,
        default=dict,
        blank=True,
        validators=[check_rules],
        help_text="Paths, and the requests that are allowed there in some seconds.",
    )


def _networks(verbose_name: str) -> Any:
    return models.JSONField(
        verbose_name,
        default=list,
        blank=True,
        validators=[check_networks],
        help_text="Addresses or networks such as 192.0.2.0/24, one on each line.",
    )


class ProtectionSettings(SingletonModel):
    """Limits of requests for addresses and networks, and rules of lockouts.

    The rules have the shape of the dialect's members ipRateLimiting (`limits_`),
    ipBlackRateLimiting (`blocks_`) and bannedLimiting.
    """

    limits_on = models.BooleanField(
        "limit requests",
        default=False,
        help_text="A request over a limit is answered with status 429.",
    )
    limits_white = _networks("never limited nor blocked")
    limits_black = _networks("always refused")
    limits_address = _rules("limits of one address")
    limits_near = _rules("limits of a /24 (IPv6: /64)")
    limits_wide = _rules("limits of a /16 (IPv6: /48)")

    blocks_on = models.BooleanField(
        "block addresses",
        default=False,
        help_text="An address over a limit is answered with status 403 for a while.",
    )
    block_minutes = models.PositiveIntegerField(
        default=1440,
        validators=between(1, LONGEST_BLOCK),
        help_text="How long an address over a limit stays blocked.",
    )
    blocks_white = _networks("never blocked")
    blocks_black = _networks("blocked for ever")
    blocks_address = _rules("limits of one address before it is blocked")
    blocks_near = _rules("limits of a /24 (IPv6: /64) before an address is blocked")
    blocks_wide = _rules("limits of a /16 (IPv6: /48) before an address is blocked")

    refusals_on = models.BooleanField(
        "lock out after refused prompts",
        default=False,
        help_text="Drawings that Midjourney's moderation refuses are counted for each "
        "user and address, from midnight on.",
    )
    refusals = models.JSONField(
        "refusals and minutes",
        default=dict,
        blank=True,
        validators=[check_refusal_rules],
        help_text="Refused drawings of a day and minutes, for instance 5:60 10:1440.",
    )
    # Other processes compile the rules anew when it has changed.
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "protection settings"

    def __str__(self) -> str:
        return "Protection settings"


class Lockout(models.Model):
    """A user or an address that may not draw for a while after refused prompts."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="lockout"
    )
    address = models.CharField(  # noqa: DJ001 - null for that of a user
        max_length=50,
        null=True,
        unique=True,
        help_text="An address, or a /64 of IPv6.",
    )
    refusals = models.PositiveIntegerField(help_text="Of the day.")
    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"lockout of {self.user or self.address}"
