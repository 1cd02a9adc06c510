"""States of an account, roles of people."""

from __future__ import annotations

from django.db import models


class AccountState(models.TextChoices):
    """Where an account stands; only READY takes work."""

    DISABLED = "disabled", "Disabled"
    CONNECTING = "connecting", "Connecting"
    READY = "ready", "Ready"
    DISCONNECTED = "disconnected", "Disconnected"
    INVALID_TOKEN = "invalid_token", "Invalid token"
    PAUSED = "paused", "Paused, a person must act"
    RESTING = "resting", "Resting, outside its work hours"
    BLOCKED = "blocked", "Blocked by Midjourney"
    VERIFICATION = "verification", "Human verification needed"
    NO_SUBSCRIPTION = "no_subscription", "Plan ended"


class MailSecurity(models.TextChoices):
    """How the talk with a mail server is kept private."""

    STARTTLS = "starttls", "STARTTLS (usually port 587)"
    TLS = "tls", "TLS (usually port 465)"
    NONE = "none", "None"


class MailState(models.TextChoices):
    """What became of a mail."""

    WAITING = "waiting", "Waiting"
    SENT = "sent", "Sent"
    GIVEN_UP = "given_up", "Given up"


class ChoiceRule(models.TextChoices):
    """How one of several accounts is chosen; the wire carries the names."""

    BEST_WAIT_IDLE = "BestWaitIdle", "Most free slots, else shortest queue"
    RANDOM = "Random", "By chance"
    WEIGHT = "Weight", "By chance, by weight"
    POLLING = "Polling", "In turn"


class PriorityClass(models.IntegerChoices):
    """Whose tasks go first; none of them is starved."""

    LOW = -1, "Low"
    NORMAL = 0, "Normal"
    HIGH = 1, "High"


class BotType(models.TextChoices):
    """Who draws; the wire carries the names."""

    MID_JOURNEY = "MID_JOURNEY", "Midjourney"
    NIJI_JOURNEY = "NIJI_JOURNEY", "niji"
    INSIGHT_FACE = "INSIGHT_FACE", "InsightFace"


class SpeedMode(models.TextChoices):
    """Midjourney's speeds; the wire carries the names."""

    RELAX = "RELAX"
    FAST = "FAST"
    TURBO = "TURBO"
