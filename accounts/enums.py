"""Choices of accounts and users."""

from __future__ import annotations

from enum import Enum

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


class KeyScope(models.TextChoices):
    """What an API key is good for."""

    DRAW = "draw", "Draw: submit, press buttons, cancel"
    READ = "read", "Read: tasks and pictures of its owner"
    ACCOUNT = "account", "Account: keys, limits and webhooks of its owner"
    ADMIN = "admin", "Admin: all that an operator may do"


class Role(Enum):
    """Who a caller is."""

    OPERATOR = "operator"
    USER = "user"
    GUEST = "guest"  # has no key, draws as the user “guest”
    VISITOR = "visitor"  # has no key, sees a demo and changes nothing


class BookingKind(models.TextChoices):
    """Why credits of a user have changed."""

    RESERVE = "reserve", "Reserved for a task"
    SETTLE = "settle", "Task done, the reserved credits are spent"
    RETURN = "return", "Task failed, returned"
    ADD = "add", "Added by an operator"
    TAKE = "take", "Taken away by an operator"
    CODE = "code", "Code redeemed"
    PAYMENT = "payment", "Bought"
    REFUND = "refund", "Payment refunded"


class Currency(models.TextChoices):
    """Currencies of prices, by their ISO codes."""

    CNY = "CNY"
    USD = "USD"
    EUR = "EUR"
    GBP = "GBP"
    HKD = "HKD"
    SGD = "SGD"
    AUD = "AUD"
    CAD = "CAD"
    CHF = "CHF"
    JPY = "JPY"
    KRW = "KRW"
