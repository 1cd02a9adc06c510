"""Queries as the tests write and send them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.enums import BotType
from accounts.models import BotSnapshot, DiscordAccount
from accounts.state import bot_snapshots
from gateway.enums import QueryKind
from gateway.models import AccountQuery, CommandIndex
from gateway.protocol.constants import MIDJOURNEY_APP, NIJI_APP
from gateway.sending import queries
from tests.gateway.panel import PANEL, settings
from tests.gateway.rows import make_session

MJ, NIJI = BotType.MID_JOURNEY, BotType.NIJI_JOURNEY
SESSION = "5e55105e"


def make_live(account: DiscordAccount) -> DiscordAccount:
    """Let the account be connected, with the commands of both bots."""
    make_session(account, session_id=SESSION)
    names = ("info", "settings", "fast", "relax", "prefer")
    commands = [
        {
            "id": f"13111111111111102{number:02}",
            "version": "1311111111111110302",
            "name": name,
            "type": 1,
            "application_id": app,
        }
        for app in (MIDJOURNEY_APP, NIJI_APP)
        for number, name in enumerate(names)
    ]
    CommandIndex.objects.create(account=account, commands=commands)
    return account


def make_query(account: DiscordAccount, **fields: Any) -> AccountQuery:
    values = {"bot": MJ, "kind": QueryKind.INFO}
    return AccountQuery.objects.create(account=account, **(values | fields))


def show_panel(account: DiscordAccount, *, age: float = 0, **fields: Any) -> None:
    """Let the settings have been read `age` minutes ago."""
    values = {
        "components": settings(),
        "message_id": PANEL,
        "session_id": SESSION,
        "shown_at": timezone.now() - timedelta(minutes=age),
    }
    bot_snapshots.note(account.pk, MJ, **(values | fields))


def sent(account: DiscordAccount, **fields: Any) -> AccountQuery:
    """Return a query whose answer is awaited. For tests with the fake `http`."""
    query = make_query(account, **fields)
    queries.run_next(account.pk)
    query.refresh_from_db()
    return query


def snapshot(account: DiscordAccount, bot: str = MJ) -> BotSnapshot:
    return BotSnapshot.objects.get(account=account, bot=bot)
