"""The accounts' list with their load, of which their own app knows nothing."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import (
    F,
    FloatField,
    OuterRef,
    QuerySet,
    Subquery,
)
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin.accounts import AccountAdmin
from accounts.enums import BotType
from accounts.models import BotSnapshot, DiscordAccount
from tasks.enums import RUNNING, TaskStatus
from tasks.load import task_count

_NONE = "–"


class BusyAccountAdmin(AccountAdmin):
    """Accounts with their load."""

    list_display: Any = (
        "remark_or_channel",
        "live_state",
        "reason",
        "running",
        "waiting",
        "today",
        "fast_time",
        "enabled",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[DiscordAccount]:
        return (
            super()
            .get_queryset(request)
            .annotate(
                running=task_count(*RUNNING),
                waiting=task_count(TaskStatus.NOT_START),
                fast_hours=_fast_hours(),
            )
        )

    @admin.display(description="Reason", ordering="state_since")
    def reason(self, account: DiscordAccount) -> str:
        """Why it stands where it stands, and for how long."""
        if account.is_ready:
            return _NONE
        until = account.resume_at
        return format_html(
            '<span class="account-reason" title="{}">'
            "<span>{}</span> <small>{}</small></span>",
            account.state_reason,
            account.state_reason,
            f"until {timezone.localtime(until):%d %b %H:%M}"
            if until
            else f"since {timezone.localtime(account.state_since):%d %b %H:%M}",
        )

    @admin.display(description="Running", ordering="running")
    def running(self, account: Any) -> SafeString:
        return _of(account.running, account.core_size)

    @admin.display(description="Waiting", ordering="waiting")
    def waiting(self, account: Any) -> SafeString:
        return _of(account.waiting, account.max_queue_size or None)

    @admin.display(description="Today", ordering="day_draw_count")
    def today(self, account: DiscordAccount) -> SafeString:
        fresh = account.day == timezone.localdate()
        limit = account.day_draw_limit if account.day_draw_limit >= 0 else None
        return _of(account.day_draw_count if fresh else 0, limit)

    @admin.display(
        description="Fast time", ordering=F("fast_hours").asc(nulls_last=True)
    )
    def fast_time(self, account: Any) -> str:
        if account.fast_exhausted:
            return "used up"
        return _NONE if account.fast_hours is None else f"{account.fast_hours:.1f} h"


def _fast_hours() -> Subquery:
    """The hours that Midjourney's own bot told last: both bots share them."""
    told = BotSnapshot.objects.filter(
        account=OuterRef("pk"), bot=BotType.MID_JOURNEY
    ).values("fast_hours")
    return Subquery(told[:1], output_field=FloatField())


def _of(count: int, most: int | None) -> SafeString:
    """Return `2 / 3`, marked where that is full; without a limit the count alone."""
    if most is None:
        return format_html("{}", count)
    full = "account-full" if count >= most else ""
    return format_html(
        '<span class="account-load {}">{} / {}</span>', full, count, most
    )
