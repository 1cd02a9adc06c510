"""Cells of the list of accounts: reason, load against its limit, fast time."""

from __future__ import annotations

from typing import Final

from django.db.models import FloatField, OuterRef, Subquery
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.enums import BotType
from accounts.models import BotSnapshot, DiscordAccount

NONE: Final = "–"


def reason_line(account: DiscordAccount) -> str:
    """Return why an account does not draw, and since or until when."""
    if account.is_ready:
        return NONE
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


def fast_hours() -> Subquery:
    """Return the hours that Midjourney's bot last reported; both bots share them."""
    told = BotSnapshot.objects.filter(
        account=OuterRef("pk"), bot=BotType.MID_JOURNEY
    ).values("fast_hours")
    return Subquery(told[:1], output_field=FloatField())


def of(count: int, most: int | None) -> SafeString:
    """Return `2 / 3`, marked if it is full; without a limit only the count."""
    if most is None:
        return format_html("{}", count)
    full = "account-full" if count >= most else ""
    return format_html(
        '<span class="account-load {}">{} / {}</span>', full, count, most
    )
