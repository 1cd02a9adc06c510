"""Who may ask (users, keys) and who draws (Discord accounts)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils import timezone
from solo.models import SingletonModel

from accounts.crypto import EncryptedTextField
from accounts.enums import AccountState, BotType, SpeedMode

snowflake = RegexValidator(r"^\d{15,20}$", "A Discord id is 15 to 20 digits.")
_pause = (MinValueValidator(0), MaxValueValidator(3600))


def known_modes(value: object) -> None:
    """Raise ValidationError for what is not a list of speeds."""
    if not isinstance(value, list) or not set(map(str, value)) <= set(SpeedMode.values):
        raise ValidationError("A list of RELAX, FAST and TURBO.")


class User(AbstractUser):
    """A person or a program. Staff are operators; the others see their own tasks."""

    # Programs are named as their makers like, blanks and other scripts included.
    username = models.CharField(
        "name",
        max_length=150,
        unique=True,
        validators=[RegexValidator(r"^[^\x00-\x1f\x7f]+$", "No control characters.")],
        error_messages={"unique": "This name is already in use."},
    )
    webhook_secret = EncryptedTextField(blank=True, editable=False)

    @property
    def is_operator(self) -> bool:
        return self.is_active and self.is_staff


class ApiKey(models.Model):
    """A key of a user: kept as a hash, shown once."""

    owner = models.ForeignKey(User, models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80, blank=True)
    prefix = models.CharField(max_length=12, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.prefix}... of {self.owner_id}"


class DiscordAccount(models.Model):
    """A Discord user account that draws, in one channel of one server."""

    remark = models.CharField(max_length=200, blank=True)
    guild_id = models.CharField(max_length=20, validators=[snowflake])
    channel_id = models.CharField(max_length=20, unique=True, validators=[snowflake])
    user_token = EncryptedTextField()
    bot_token = EncryptedTextField(blank=True)
    user_agent = models.CharField(max_length=400, blank=True)
    proxy_url = EncryptedTextField(blank=True)
    backend = models.CharField(max_length=20, default="discord", editable=False)

    enabled = models.BooleanField(default=True)
    weight = models.PositiveIntegerField(default=1)
    sort = models.IntegerField(default=0)
    enable_mj = models.BooleanField("Midjourney bot", default=True)
    enable_niji = models.BooleanField("niji bot", default=True)
    is_blend = models.BooleanField("blend", default=True)
    is_describe = models.BooleanField("describe", default=True)
    is_shorten = models.BooleanField("shorten", default=True)
    mode = models.CharField(
        "speed", max_length=8, choices=SpeedMode, blank=True, help_text="Forced speed."
    )
    allow_modes = models.JSONField(
        "allowed speeds",
        default=list,
        blank=True,
        validators=[known_modes],
        help_text='Of ["RELAX", "FAST", "TURBO"]; empty: all.',
    )
    fast_exhausted = models.BooleanField(
        "fast time used up", default=False, help_text="Draws in relax mode only."
    )
    enable_fast_to_relax = models.BooleanField(
        "switch to relax",
        default=False,
        help_text="Send /relax to both bots when the fast time is used up.",
    )
    enable_relax_to_fast = models.BooleanField(
        "switch back to fast",
        default=False,
        help_text="Send /fast to both bots when there is fast time again.",
    )
    enable_auto_set_relax = models.BooleanField(
        "allow relax only",
        default=False,
        help_text="While the fast time is used up, allow no other speed.",
    )
    remix_auto_submit = models.BooleanField(
        "answer remix windows",
        default=False,
        help_text="Answer a remix window with the parent's prompt, asking nobody.",
    )
    # Whether remix mode is on at each bot, as last seen.
    mj_remix_on = models.BooleanField("remix mode", default=False)
    niji_remix_on = models.BooleanField("remix mode at niji", default=False)

    core_size = models.PositiveSmallIntegerField(
        "running at once", default=3, validators=[MinValueValidator(1)]
    )
    max_queue_size = models.PositiveIntegerField(
        "waiting at most", default=100, help_text="0: no limit."
    )
    timeout_minutes = models.PositiveSmallIntegerField(
        default=10, validators=[MinValueValidator(1)]
    )
    interval = models.FloatField(
        default=1.2, validators=_pause, help_text="Seconds between two submissions."
    )
    after_interval_min = models.FloatField(
        default=0.0, validators=_pause, help_text="Shortest extra pause, seconds."
    )
    after_interval_max = models.FloatField(
        default=1.2, validators=_pause, help_text="Longest extra pause, seconds."
    )

    state = models.CharField(
        max_length=16,
        choices=AccountState,
        default=AccountState.CONNECTING,
        editable=False,
    )
    state_reason = models.CharField(max_length=400, blank=True, editable=False)
    state_since = models.DateTimeField(default=timezone.now, editable=False)
    resume_at = models.DateTimeField(
        "goes on at",
        null=True,
        editable=False,
        help_text="A pause with an end; empty: until a person has acted.",
    )
    # The newest message whose notice was obeyed: history shows it again.
    notice_id = models.BigIntegerField(default=0, editable=False)
    # Counts up with every edit: the gateway compares it and needs no message.
    revision = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar = ["sort", "pk"]
        verbose_name = "Discord account"
        indexes = [models.Index(fields=["enabled", "state"], name="account_state")]

    def __str__(self) -> str:
        return self.remark or f"#{self.channel_id}"

    @property
    def is_ready(self) -> bool:
        return self.enabled and self.state == AccountState.READY


class BotSnapshot(models.Model):
    """What one of the bots last told of an account: its plan and its settings."""

    account = models.ForeignKey(
        DiscordAccount, models.CASCADE, related_name="snapshots"
    )
    bot = models.CharField(max_length=16, choices=BotType)

    # Of /info, as it was said; then what was understood of it.
    properties = models.JSONField(default=dict)
    plan = models.CharField(max_length=40, blank=True)
    plan_until = models.DateTimeField(null=True)
    fast_hours = models.FloatField(null=True)
    job_mode = models.CharField(max_length=20, blank=True)
    info_at = models.DateTimeField(null=True)

    # Of /settings: the panel as Discord sent it; then what was understood of it.
    components = models.JSONField(default=list)
    suffix = models.CharField(max_length=1000, blank=True)
    version = models.CharField(max_length=40, blank=True)
    switches = models.JSONField(default=dict)  # label of a button: whether it is on
    remix_on = models.BooleanField(null=True)
    # The panel lives in one session and for a quarter of an hour.
    message_id = models.CharField(max_length=20, blank=True)
    session_id = models.CharField(max_length=64, blank=True)
    shown_at = models.DateTimeField(null=True)
    settings_at = models.DateTimeField(null=True)

    asked_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "bot"], name="snapshot_of_bot")
        ]

    def __str__(self) -> str:
        return f"{self.bot} of account {self.account_id}"

    @property
    def updated_at(self) -> datetime | None:
        return max(filter(None, (self.info_at, self.settings_at)), default=None)


class AccessSettings(SingletonModel):
    """Who may come in."""

    allow_without_key = models.BooleanField(
        default=False,
        help_text="Answer calls that carry no key, as the user “guest”. "
        "Anyone who reaches this server can then draw.",
    )

    class Meta:
        verbose_name = "access settings"

    def __str__(self) -> str:
        return "Access settings"
