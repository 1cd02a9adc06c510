"""UserGroup: users with the same limits."""

from __future__ import annotations

from django.db import models

from accounts.enums import PriorityClass
from accounts.models.limits import Limits
from accounts.models.retention import MOST_DAYS
from mjproxy.lib.validators.number_limits import between


class UserGroup(Limits):
    """A group of users; its limits hold for members without a value of their own."""

    name = models.CharField(max_length=80, unique=True)
    note = models.CharField(max_length=400, blank=True)
    priority = models.SmallIntegerField(
        choices=PriorityClass,
        null=True,
        blank=True,
        help_text="Of members without a priority of their own. Empty: normal.",
    )

    keep_tasks_days = models.PositiveIntegerField(
        "days to keep tasks",
        null=True,
        blank=True,
        validators=between(0, MOST_DAYS),
        help_text="Of members, with their pictures. 0: for ever. Empty: as the "
        "retention settings say.",
    )
    keep_pictures_days = models.PositiveIntegerField(
        "days to keep pictures",
        null=True,
        blank=True,
        validators=between(0, MOST_DAYS),
        help_text="Of members. 0: as long as their tasks. Empty: as the retention "
        "settings say.",
    )

    class Meta:
        verbose_name = "group"

    def __str__(self) -> str:
        return self.name
