"""Limits: what a user may draw, as columns of a group and of a user."""

from __future__ import annotations

from typing import Final

from django.core.exceptions import ValidationError
from django.db import models

from accounts.enums import BotType, SpeedMode
from mjproxy.lib.validators.number_limits import between

MOST_DRAWINGS: Final = 1_000_000_000
MOST_AT_ONCE: Final = 100_000
# Bots whose drawings a limit may name.
BOTS: Final = (BotType.MID_JOURNEY, BotType.NIJI_JOURNEY)


def known_speeds(value: object) -> None:
    """Raise ValidationError for a value that is not a list of speeds."""
    if not isinstance(value, list) or not set(map(str, value)) <= set(SpeedMode.values):
        raise ValidationError("A list of RELAX, FAST and TURBO.")


def known_bots(value: object) -> None:
    """Raise ValidationError for a value that is not a list of bots."""
    if not isinstance(value, list) or not set(map(str, value)) <= set(BOTS):
        raise ValidationError("A list of MID_JOURNEY and NIJI_JOURNEY.")


def _most(name: str, most: int) -> models.PositiveIntegerField[int | None, int | None]:
    return models.PositiveIntegerField(
        name, null=True, blank=True, validators=between(0, most)
    )


class Limits(models.Model):
    """Limits of drawings.

    An empty field of a user takes the value of the group, an empty field of a group is
    no limit. The number 0 is no limit either, so a user may have none where the group
    has one.
    """

    drawings_a_day = _most("drawings a day", MOST_DRAWINGS)
    drawings_a_month = _most("drawings a month", MOST_DRAWINGS)
    drawings_in_total = _most("drawings in total", MOST_DRAWINGS)
    running_at_once = _most("running at once", MOST_AT_ONCE)
    waiting_at_once = _most("waiting at once", MOST_AT_ONCE)
    speeds = models.JSONField(default=list, blank=True, validators=[known_speeds])
    bots = models.JSONField(default=list, blank=True, validators=[known_bots])
    may_swap_faces = models.BooleanField(null=True, blank=True)

    class Meta:
        abstract = True
