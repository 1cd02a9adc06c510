"""Price: what a task costs."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.enums import SpeedMode
from mjproxy.lib.validators.number_limits import between
from tasks.enums import BotType, TaskAction


class Price(models.Model):
    """The price of tasks in credits. An empty field stands for every value."""

    action = models.CharField(max_length=16, choices=TaskAction, blank=True)
    speed = models.CharField(max_length=8, choices=SpeedMode, blank=True)
    bot = models.CharField(max_length=16, choices=BotType, blank=True)
    credits = models.PositiveIntegerField(
        validators=between(0, 1_000_000), help_text="0: free."
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["action", "speed", "bot"],
                name="price_once",
                violation_error_message="There is a price for this already.",
            )
        ]

    def __str__(self) -> str:
        what = (self.action or "any action", self.speed or "any speed")
        return f"{', '.join(what)}, {self.bot or 'any bot'}: {self.credits}"
