"""Settings that an operator changes at run time."""

from __future__ import annotations

from django.db import models
from solo.models import SingletonModel

from accounts.enums import ChoiceRule
from accounts.models.discord import no_markup
from mjproxy.lib.validators.number_limits import between


class AccessSettings(SingletonModel):
    """Access without a key, and the announcement."""

    allow_without_key = models.BooleanField(
        default=False,
        help_text="Answer calls that carry no key, as the user “guest”. "
        "Anyone who reaches this server can then draw.",
    )
    announcement = models.TextField(
        blank=True,
        max_length=2000,
        validators=[no_markup],
        help_text="Shown by pages that call /mj/home, before anyone signs in.",
    )

    class Meta:
        verbose_name = "access settings"

    def __str__(self) -> str:
        return "Access settings"


class PoolSettings(SingletonModel):
    """The distribution of work over the accounts."""

    rule = models.CharField(
        max_length=16,
        choices=ChoiceRule,
        default=ChoiceRule.BEST_WAIT_IDLE,
        help_text="Chooses between the accounts that can draw a task.",
    )
    is_vertical_domain = models.BooleanField(
        "give subjects to their accounts",
        default=False,
        help_text="A prompt with a subject's keyword goes to the accounts set aside "
        "for it. Off: those accounts get no prompts.",
    )
    waiting_per_user = models.PositiveIntegerField(
        "waiting at most for one user",
        default=0,
        validators=between(0, 100_000),
        help_text="Keeps one user from filling the queues of all accounts. "
        "0: no limit.",
    )

    class Meta:
        verbose_name = "pool settings"

    def __str__(self) -> str:
        return "Pool settings"
