"""Tables of the gateway: sessions, lanes, command indexes, queries, settings."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone
from solo.models import SingletonModel

from accounts.enums import BotType
from accounts.models import DiscordAccount
from gateway.enums import QueryKind, QueryState
from mjproxy.lib.db.encrypted_field import EncryptedTextField
from mjproxy.lib.validators.addresses import base_address, proxy_address, socket_address
from mjproxy.lib.validators.number_limits import between


class GatewaySession(models.Model):
    """Gateway session of an account: who holds its socket, and how to resume it."""

    account = models.OneToOneField(
        DiscordAccount, models.CASCADE, primary_key=True, related_name="session"
    )
    # The lease. Only its holder may write here; `fence` grows with each holder.
    holder = models.CharField(max_length=60, blank=True)
    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveBigIntegerField(default=0)
    # The session at Discord; an empty id means that there is none.
    session_id = models.CharField(max_length=64, blank=True)
    seq = models.BigIntegerField(default=0)
    resume_url = models.CharField(max_length=300, blank=True)
    token_digest = models.CharField(max_length=64, blank=True)
    user_id = models.CharField(max_length=20, blank=True, db_index=True)
    is_live = models.BooleanField(default=False)
    # The account's revision at which the session was opened.
    revision = models.PositiveIntegerField(default=0)
    # Moment since which no event was missed; a resumed session keeps it.
    unbroken_since = models.DateTimeField(null=True)
    down_since = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"session of account {self.account_id}"

    @property
    def is_held(self) -> bool:
        """Whether the lease of a process runs; the process may have just died."""
        until = self.lease_until
        return bool(self.holder and until and until > timezone.now())


class DispatchLane(models.Model):
    """Lane of a Discord user: one task at a time, at the user's pace.

    All rows of the same Discord user share it.
    """

    discord_user = models.CharField(max_length=20, primary_key=True)
    fence = models.PositiveBigIntegerField(
        default=0, help_text="Grows with each change that senders must know of."
    )
    next_send_at = models.DateTimeField(null=True, help_text="The pace.")
    errand_was_last = models.BooleanField(
        default=False, help_text="A task goes before the next errand."
    )
    rest_until = models.DateTimeField(null=True, help_text="Discord wants silence.")
    rest_reason = models.CharField(max_length=400, blank=True)
    wake_at = models.DateTimeField(null=True, help_text="A job is booked for then.")
    # Whose turn it is (gateway/lanes/turns.py).
    turns_done = models.PositiveBigIntegerField(default=0)
    waiting_since = models.JSONField(default=dict, help_text="User: turn.")

    def __str__(self) -> str:
        return f"lane of Discord user {self.discord_user}"


class CommandIndex(models.Model):
    """Midjourney's commands as Discord lists them for an account's server."""

    account = models.OneToOneField(
        DiscordAccount, models.CASCADE, primary_key=True, related_name="command_index"
    )
    commands = models.JSONField(default=list)
    fetched_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "command indexes"

    def __str__(self) -> str:
        return f"commands of account {self.account_id}"


class AccountQuery(models.Model):
    """A question or an order to a bot, whose answer comes as events."""

    account = models.ForeignKey(DiscordAccount, models.CASCADE, related_name="queries")
    bot = models.CharField(max_length=16, choices=BotType)
    kind = models.CharField(max_length=10, choices=QueryKind)
    target = models.CharField(
        max_length=200, blank=True, help_text="Custom id, or name of a command."
    )
    value = models.CharField(max_length=1000, blank=True)
    by_hand = models.BooleanField(default=False)
    state = models.CharField(
        max_length=10, choices=QueryState, default=QueryState.WAITING
    )
    # A press needs a panel of this session: the query that fetches it first.
    needs = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")
    # Id of the Discord user while an answer is awaited: one query at a time.
    flight = models.PositiveBigIntegerField(null=True, unique=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    nonce = models.CharField(max_length=32, blank=True)
    interaction_id = models.CharField(max_length=20, blank=True)
    message_id = models.CharField(max_length=20, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=400, blank=True)
    error = models.CharField(max_length=400, blank=True)

    class Meta:
        verbose_name_plural = "account queries"
        indexes = [
            models.Index(fields=["state", "account"], name="query_open"),
            models.Index(fields=["account", "created_at"], name="query_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.target}".strip()

    @property
    def is_niji(self) -> bool:
        return self.bot == BotType.NIJI_JOURNEY


class GatewayProcess(models.Model):
    """A running gateway process, last seen at `seen_at`.

    The processes share the accounts.
    """

    name = models.CharField(max_length=60, primary_key=True)
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "gateway processes"

    def __str__(self) -> str:
        return self.name


_base: dict[str, Any] = {
    "max_length": 300,
    "blank": True,
    "validators": [base_address],
    "help_text": "Empty: as the environment says.",
}
_socket = _base | {"validators": [socket_address]}


class GatewaySettings(SingletonModel):
    """Addresses of Discord, and how its client presents itself."""

    server = models.CharField(**_base)
    wss = models.CharField(**_socket)
    resume_wss = models.CharField(**_socket)
    cdn = models.CharField(**_base)
    upload_server = models.CharField(**_base)
    activity = models.CharField(**_base)
    editor = models.CharField(**_base)
    proxy_url = EncryptedTextField(
        "proxy",
        blank=True,
        validators=[proxy_address],
        help_text="For accounts without their own.",
    )
    client_build_number = models.PositiveIntegerField(
        default=482285,
        validators=between(1, 100_000_000),
        help_text="Discord's web client says this number. Raise it now and then.",
    )
    sync_minutes = models.PositiveIntegerField(
        "read accounts every",
        default=360,
        validators=between(0, 30 * 24 * 60),
        help_text="Minutes between two readings of /info and /settings. 0: by hand.",
    )

    acknowledge = models.BooleanField(
        "mark as read",
        default=True,
        help_text="Tell Discord, now and then, that results and notices were read.",
    )
    check_accounts = models.BooleanField(
        default=True,
        help_text="Ask Discord about a token, server, channel or proxy before it is "
        "saved.",
    )

    ADDRESSES: ClassVar = (
        "server",
        "wss",
        "resume_wss",
        "cdn",
        "upload_server",
        "activity",
        "editor",
    )

    class Meta:
        verbose_name = "gateway settings"

    def __str__(self) -> str:
        return "Gateway settings"
