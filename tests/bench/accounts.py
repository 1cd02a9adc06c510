"""Accounts made in bulk, by a process in a product's environment."""

from __future__ import annotations

import os
import sys
import time
from datetime import timedelta

import django

REST = 0.1  # seconds between two looks


def add(count: int) -> None:
    """Make the simulator's first accounts, with their settings already read.

    Prints the seconds until all are ready.
    """
    from django.db import transaction
    from django.utils import timezone

    from accounts.enums import AccountState, BotType
    from accounts.models import BotSnapshot, DiscordAccount
    from gateway.models import GatewaySession, GatewaySettings
    from gateway.simulator.state.accounts import default_accounts

    period = timedelta(minutes=GatewaySettings.get_solo().sync_minutes)
    now = timezone.now()
    with transaction.atomic():
        rows = DiscordAccount.objects.bulk_create(
            DiscordAccount(
                remark=spec.name,
                guild_id=spec.guild_id,
                channel_id=spec.channel_id,
                user_token=spec.user_token,
                interval=0,
                after_interval_min=0,
                after_interval_max=0,
                core_size=12,
            )
            for spec in default_accounts(count)
        )
        BotSnapshot.objects.bulk_create(
            BotSnapshot(
                account=row, bot=bot, asked_at=now - period * 0.8 * (number / count)
            )
            for number, row in enumerate(rows)
            for bot in BotType.values[:2]
        )
    begin = time.monotonic()
    ready = DiscordAccount.objects.filter(state=AccountState.READY)
    while ready.count() < count:
        time.sleep(REST)
    assert GatewaySession.objects.filter(is_live=True).count() == count
    print(round(time.monotonic() - begin, 1))  # noqa: T201


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mjproxy.settings")
    django.setup()
    add(int(sys.argv[1]))
