"""Choices of accounts and users."""

from __future__ import annotations

from django.db import models


class AccountState(models.TextChoices):
    """The state of an account; only READY sends tasks."""

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
    """Encryption of the connection to a mail server."""

    STARTTLS = "starttls", "STARTTLS (usually port 587)"
    TLS = "tls", "TLS (usually port 465)"
    NONE = "none", "None"


class MailState(models.TextChoices):
    """The state of a mail to the operator."""

    WAITING = "waiting", "Waiting"
    SENT = "sent", "Sent"
    GIVEN_UP = "given_up", "Given up"


class ChoiceRule(models.TextChoices):
    """Rules that choose one of several accounts; the API uses these values."""

    BEST_WAIT_IDLE = "BestWaitIdle", "Most free slots, else shortest queue"
    RANDOM = "Random", "By chance"
    WEIGHT = "Weight", "By chance, by weight"
    POLLING = "Polling", "In turn"


class PriorityClass(models.IntegerChoices):
    """The order of users whose tasks wait; the lowest still get their turn."""

    LOW = -1, "Low"
    NORMAL = 0, "Normal"
    HIGH = 1, "High"


class BotType(models.TextChoices):
    """Bots; the API uses these values."""

    MID_JOURNEY = "MID_JOURNEY", "Midjourney"
    NIJI_JOURNEY = "NIJI_JOURNEY", "niji"
    INSIGHT_FACE = "INSIGHT_FACE", "InsightFace"


class SpeedMode(models.TextChoices):
    """Midjourney's speeds; the API uses these values."""

    RELAX = "RELAX"
    FAST = "FAST"
    TURBO = "TURBO"
