"""Meters: how much a user, and each of their keys, has drawn; the user's credits."""

from __future__ import annotations

import datetime
from typing import ClassVar, Final

from django.db import models

from accounts.models.keys import ApiKey
from accounts.models.users import User

# Before the first drawing. Not NULL, so that SQL compares it with a day.
NO_DAY: Final = datetime.date(1970, 1, 1)


class Counts(models.Model):
    """Numbers of drawings: of a day, of a month, and of all time.

    A number of the day is of that day only; on another day it is nothing. Days are
    local (`TIME_ZONE`); a month is named by its first day.
    """

    OF: ClassVar[str]  # the column of whose numbers they are

    day = models.DateField(default=NO_DAY)
    of_day = models.PositiveBigIntegerField(default=0)
    month = models.DateField(default=NO_DAY)
    of_month = models.PositiveBigIntegerField(default=0)
    in_total = models.PositiveBigIntegerField(default=0)

    class Meta:
        abstract = True


class Meter(Counts):
    """What a user has drawn, and their credits.

    A submit changes it last, so it is locked shortly. The balance is the sum of the
    user's bookings; a refund may bring it below zero.
    """

    OF = "user"

    user = models.OneToOneField(User, models.CASCADE, primary_key=True)
    balance = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"meter of user {self.user_id}"


class KeyMeter(Counts):
    """What was drawn with a key."""

    OF = "key"

    key = models.OneToOneField(ApiKey, models.CASCADE, primary_key=True)

    def __str__(self) -> str:
        return f"meter of key {self.key_id}"
