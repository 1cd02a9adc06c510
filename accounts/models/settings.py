"""Settings that an operator changes at run time."""

from __future__ import annotations

import re
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import models
from solo.models import SingletonModel

from accounts.enums import ChoiceRule
from accounts.models.discord import no_markup
from accounts.models.groups import UserGroup
from accounts.models.limits import MOST_AT_ONCE, MOST_DRAWINGS
from accounts.models.mails import MailSettings
from mjproxy.lib.validators.number_limits import between
from mjproxy.lib.validators.text_lists import parted

_DOMAIN: Final = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+", re.ASCII)


def domains_in(text: str) -> list[str]:
    """Split a text into domains, in the lower case in which addresses are kept."""
    return [each.lower().removeprefix("@") for each in parted(text, r"\s")]


def known_domains(value: str) -> None:
    """Raise ValidationError for what is no domain of a mail address."""
    for domain in domains_in(value):
        if not _DOMAIN.fullmatch(domain):
            raise ValidationError(f"{domain[:80]} is no domain of a mail address.")


def _given(name: str, most: int) -> models.PositiveIntegerField[Any, Any]:
    """Return a limit that people who sign up are given."""
    return models.PositiveIntegerField(
        f"{name} of who signs up",
        null=True,
        blank=True,
        validators=between(0, most),
        help_text="Written to each new person. Empty: their group's. 0: no limit.",
    )


class AccessSettings(SingletonModel):
    """Who may come in without an operator: guests, visitors, people who sign up."""

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
    home_addresses = models.PositiveIntegerField(
        "addresses on the first page",
        default=10,
        validators=between(0, 100),
        help_text="Operators' /mj/home lists so many addresses with the most drawings "
        "of today.",
    )
    home_whole_addresses = models.BooleanField(
        "addresses in full",
        default=False,
        help_text="Off: the second half of each of these addresses is hidden.",
    )
    guest_drawings_a_day = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=between(0, MOST_DRAWINGS),
        help_text="For one address. Empty or 0: no limit.",
    )
    demo_mode = models.BooleanField(
        default=False,
        help_text="Visitors may look at everything, with secrets masked, and change "
        "nothing.",
    )
    sign_up = models.BooleanField(
        "people may sign up",
        default=False,
        help_text="Needs a mail server, because each address is verified. Set "
        "MJPROXY_PUBLIC_URL too, so that links in mails lead here.",
    )
    sign_up_domains = models.TextField(
        blank=True,
        max_length=4000,
        validators=[known_domains],
        help_text="Domains of mail addresses that may sign up, one a line. Empty: all.",
    )
    invitation_needed = models.BooleanField(
        default=False, help_text="Only people with an invitation may sign up."
    )
    sign_up_group = models.ForeignKey(
        UserGroup,
        models.SET_NULL,
        null=True,
        blank=True,
        help_text="The group of people who sign up.",
    )
    sign_up_drawings_a_day = _given("drawings a day", MOST_DRAWINGS)
    sign_up_drawings_in_total = _given("drawings in total", MOST_DRAWINGS)
    sign_up_running_at_once = _given("running at once", MOST_AT_ONCE)
    sign_up_waiting_at_once = _given("waiting at once", MOST_AT_ONCE)
    operators_need_second_factor = models.BooleanField(
        default=False,
        help_text="An operator without an authenticator app or passkey sets one up "
        "before the admin opens. Keys work as before.",
    )

    class Meta:
        verbose_name = "access settings"

    def __str__(self) -> str:
        return "Access settings"

    def clean(self) -> None:
        """Raise ValidationError if people may sign up and no mail can be sent."""
        ready = MailSettings.objects.filter(is_on=True).exclude(host="")
        if self.sign_up and not ready.exists():
            text = "Set up the mail server first, in the mail settings."
            raise ValidationError({"sign_up": text})


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
        help_text="For users without a number of their own or of their group; not for "
        "operators. Keeps one user from filling all queues. 0: no limit.",
    )

    class Meta:
        verbose_name = "pool settings"

    def __str__(self) -> str:
        return "Pool settings"
