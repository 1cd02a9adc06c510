"""States of an account, roles of people."""

from __future__ import annotations

from typing import Final

from django.db import models


class AccountState(models.TextChoices):
    """Where an account stands; only READY takes work."""

    DISABLED = "disabled", "Disabled"
    CONNECTING = "connecting", "Connecting"
    READY = "ready", "Ready"
    DISCONNECTED = "disconnected", "Disconnected"
    INVALID_TOKEN = "invalid_token", "Invalid token"
    PAUSED = "paused", "Paused, a person must act"


# States that end only by a person's hand, or by the end that a pause was given.
NEEDS_A_PERSON: Final = frozenset({AccountState.INVALID_TOKEN, AccountState.PAUSED})


class BotType(models.TextChoices):
    """Who draws; the wire carries the names."""

    MID_JOURNEY = "MID_JOURNEY"
    NIJI_JOURNEY = "NIJI_JOURNEY"
    INSIGHT_FACE = "INSIGHT_FACE"


class SpeedMode(models.TextChoices):
    """Midjourney's speeds; the wire carries the names."""

    RELAX = "RELAX"
    FAST = "FAST"
    TURBO = "TURBO"
