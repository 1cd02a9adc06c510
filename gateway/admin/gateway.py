"""Admin of sessions, questions, lanes, commands and processes: read only."""

from __future__ import annotations

from django.contrib import admin
from django.utils import timezone

from gateway.models import (
    AccountQuery,
    CommandIndex,
    DispatchLane,
    GatewayProcess,
    GatewaySession,
)
from mjproxy.lib.admin.theme import ReadOnly, badge

_ALIVE_SECONDS = 15


@admin.register(GatewaySession)
class GatewaySessionAdmin(ReadOnly[GatewaySession]):
    list_display = (
        "account",
        "live",
        "holder",
        "lease_until",
        "fence",
        "unbroken_since",
        "down_since",
    )
    list_select_related = ("account",)
    search_fields = ("account__remark", "account__channel_id", "holder")
    # The session id is not shown: with the token it can take the session over.
    fields = (
        "account",
        "is_live",
        "holder",
        "lease_until",
        "fence",
        "seq",
        "user_id",
        "unbroken_since",
        "down_since",
    )

    @badge("Live", {"live": "success", "down": "danger"})
    def live(self, session: GatewaySession) -> tuple[str, str]:
        return ("live", "Live") if session.is_live else ("down", "Down")


@admin.register(AccountQuery)
class AccountQueryAdmin(ReadOnly[AccountQuery]):
    list_display = ("created_at", "account", "bot", "kind", "target", "state", "error")
    list_filter = ("state", "kind", "bot")
    list_select_related = ("account",)
    exclude = ("needs", "flight")
    ordering = ("-id",)


@admin.register(DispatchLane)
class DispatchLaneAdmin(ReadOnly[DispatchLane]):
    list_display = ("discord_user", "next_send_at", "rest_until", "fence")


@admin.register(CommandIndex)
class CommandIndexAdmin(ReadOnly[CommandIndex]):
    list_display = ("account", "size", "fetched_at")
    list_select_related = ("account",)

    @admin.display(description="Commands")
    def size(self, index: CommandIndex) -> str:
        return f"{len(index.commands)}"


@admin.register(GatewayProcess)
class GatewayProcessAdmin(ReadOnly[GatewayProcess]):
    list_display = ("name", "alive", "seen_at")

    @badge("State", {"alive": "success", "gone": "danger"})
    def alive(self, process: GatewayProcess) -> tuple[str, str]:
        age = (timezone.now() - process.seen_at).total_seconds()
        return ("alive", "Alive") if age < _ALIVE_SECONDS else ("gone", "Gone")
