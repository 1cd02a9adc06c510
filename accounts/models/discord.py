"""DiscordAccount: a Discord account that draws, and its further channels."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

from accounts import hours
from accounts.enums import AccountState, SpeedMode
from accounts.models.tags import DomainTag
from mjproxy.lib.db.encrypted_field import EncryptedTextField
from mjproxy.lib.validators.addresses import proxy_address
from mjproxy.lib.validators.header_values import header_text, one_word
from mjproxy.lib.validators.number_limits import between

snowflake = RegexValidator(r"\A[0-9]{15,20}\Z", "A Discord id is 15 to 20 digits.")
invitation = RegexValidator(
    r"\Ahttps://(discord\.gg/|discord(app)?\.com/invite/)[\w-]{2,100}/?\Z",
    "An invitation is like https://discord.gg/CODE.",
    flags=re.ASCII,
)
_found_channel: Final[dict[str, Any]] = {
    "max_length": 20,
    "blank": True,
    "validators": [snowflake],
    "help_text": "Found when the account connects; what is entered here stays.",
}
# Operators' pages of known clients show the text as HTML.
no_markup = RegexValidator(r"^[^<>]*$", "No markup, please: neither < nor >.")
_pause = between(0, 3600)
A_DAY: Final = 24 * 60  # minutes


def known_modes(value: object) -> None:
    """Raise ValidationError for a value that is not a list of speeds."""
    if not isinstance(value, list) or not set(map(str, value)) <= set(SpeedMode.values):
        raise ValidationError("A list of RELAX, FAST and TURBO.")


class DiscordAccount(models.Model):
    """A Discord user account that draws, in one channel of one server."""

    # The encrypted columns: never shown, and reading one costs a decryption.
    SECRETS: ClassVar = ("user_token", "bot_token", "proxy_url")
    # Rows of other tables that an operator edits with it.
    AUDITED_PARTS: ClassVar = ("sub_channels",)

    remark = models.CharField(max_length=200, blank=True)
    group = models.CharField(
        max_length=80,
        blank=True,
        db_index=True,
        help_text="A name of your choice that filters the list.",
    )
    sponsor = models.CharField(max_length=200, blank=True, validators=[no_markup])
    guild_id = models.CharField(max_length=20, validators=[snowflake])
    channel_id = models.CharField(max_length=20, unique=True, validators=[snowflake])
    user_token = EncryptedTextField(validators=[one_word])
    bot_token = EncryptedTextField(blank=True, validators=[one_word])
    # Direct message channels of the two bots; found when the account connects.
    private_channel_id = models.CharField(
        "channel of Midjourney's messages", **_found_channel
    )
    niji_bot_channel_id = models.CharField(
        "channel of niji's messages", **_found_channel
    )
    permanent_invitation_link = models.CharField(
        "invitation",
        max_length=200,
        blank=True,
        validators=[invitation],
        help_text="To the account's server, as https://discord.gg/CODE.",
    )
    user_agent = models.CharField(max_length=400, blank=True, validators=[header_text])
    proxy_url = EncryptedTextField(blank=True, validators=[proxy_address])

    enabled = models.BooleanField(default=True)
    weight = models.PositiveIntegerField(default=1, validators=between(0, 1000))
    sort = models.IntegerField(default=0, validators=between(-1_000_000, 1_000_000))
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
    enable_switch_speed = models.BooleanField(
        "switch for a task",
        default=False,
        help_text="Send /fast, /relax or /turbo before a blend or a button whose speed "
        "is another one; they carry no flag. The bots then stay at that speed.",
    )
    remix_auto_submit = models.BooleanField(
        "answer remix windows",
        default=False,
        help_text="Answer a remix window with the parent's prompt, without asking.",
    )
    # Remix mode at each bot, as last seen.
    mj_remix_on = models.BooleanField("remix mode", default=False)
    niji_remix_on = models.BooleanField("remix mode at niji", default=False)

    work_time = models.CharField(
        "work hours",
        max_length=200,
        blank=True,
        validators=[hours.validate],
        help_text="As 09:00-17:30, 22:00-02:00. Empty: always.",
    )
    fishing_time = models.CharField(
        "idle hours",
        max_length=200,
        blank=True,
        validators=[hours.validate],
        help_text="In these hours buttons are pressed and nothing new is drawn.",
    )
    # Updated every minute from `fishing_time`.
    is_fishing = models.BooleanField(default=False, editable=False)
    day_draw_limit = models.IntegerField(
        "drawings a day",
        default=-1,
        validators=between(-1, 1_000_000),
        help_text="-1: no limit.",
    )
    # Number of drawings given to the account on `day`.
    day_draw_count = models.PositiveIntegerField(default=0, editable=False)
    day = models.DateField(null=True, editable=False)
    is_vertical_domain = models.BooleanField(
        "only its subjects",
        default=False,
        help_text="Draws only prompts about its subjects.",
    )
    vertical_domains = models.ManyToManyField(
        DomainTag, verbose_name="subjects", blank=True, related_name="accounts"
    )
    # Time of its last task; rotation chooses the oldest.
    picked_at = models.DateTimeField(null=True, editable=False)

    core_size = models.PositiveSmallIntegerField(
        "running at once", default=3, validators=between(1, 100)
    )
    max_queue_size = models.PositiveIntegerField(
        "waiting at most",
        default=100,
        validators=between(0, 100_000),
        help_text="0: no limit.",
    )
    timeout_minutes = models.PositiveSmallIntegerField(
        default=10, validators=between(1, A_DAY)
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
        help_text="End of a pause; empty: it lasts until a person acts.",
    )
    # Id of the Discord user of the token; empty until the account has connected. Facts
    # about the user are shared by all its rows.
    discord_user = models.CharField(
        max_length=20, blank=True, editable=False, db_index=True
    )
    # The trouble concerns the Discord user or the token, so all their rows show it.
    is_shared = models.BooleanField(default=False, editable=False)
    # Time of a person's last act; answers to older requests are ignored.
    acted_at = models.DateTimeField(null=True, editable=False)
    # Id of the newest message whose notice was applied, because history repeats it.
    notice_id = models.BigIntegerField(default=0, editable=False)
    # Counts edits that concern the connection. The gateway compares it, so it needs no
    # message.
    revision = models.PositiveIntegerField(default=0, editable=False)
    # The revision that last asked for a new session; older sessions are not resumed.
    anew_revision = models.PositiveIntegerField(default=0, editable=False)
    # Counts edits of the sub-channels; those need no new connection.
    channels_revision = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar = ["sort", "pk"]
        verbose_name = "Discord account"
        indexes = [models.Index(fields=["enabled", "state"], name="account_state")]

    def __str__(self) -> str:
        return self.remark or f"#{self.channel_id}"

    def clean(self) -> None:
        low, high = self.after_interval_min, self.after_interval_max
        if low > high:
            text = "Not below the shortest pause."
            raise ValidationError({"after_interval_max": text})

    @property
    def is_ready(self) -> bool:
        return self.enabled and self.state == AccountState.READY

    @property
    def drawn_today(self) -> int:
        """Return how many drawings the account was given since midnight."""
        return self.day_draw_count if self.day == timezone.localdate() else 0


def link_of(guild_id: str, channel_id: str) -> str:
    """Return the address of a channel in Discord."""
    return f"https://discord.com/channels/{guild_id}/{channel_id}"


class SubChannel(models.Model):
    """A further channel that the account may write to."""

    account = models.ForeignKey(
        DiscordAccount, models.CASCADE, related_name="sub_channels"
    )
    guild_id = models.CharField(max_length=20, validators=[snowflake])
    channel_id = models.CharField(max_length=20, validators=[snowflake], db_index=True)
    line = models.CharField(
        max_length=1000,
        blank=True,
        help_text="The operator's line, with a note; empty: only the link.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "channel_id"],
                name="sub_channel_once",
                violation_error_message="The same channel twice.",
            )
        ]

    def __str__(self) -> str:
        return self.line or link_of(self.guild_id, self.channel_id)
