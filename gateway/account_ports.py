"""Answers to the ports of accounts. Registered by GatewayConfig.ready()."""

from __future__ import annotations

from collections.abc import Mapping

from accounts import ports
from accounts.models import DiscordAccount
from gateway.models import GatewaySettings
from gateway.queries import bot_panel


def check_account(
    account: DiscordAccount, channels: ports.Channels, /
) -> Mapping[str, list[str]]:
    """Ask Discord about an account, unless the settings say not to."""
    if not GatewaySettings.get_solo().check_accounts:
        return {}
    # Here, not above: a web process that saves no account needs no Discord client.
    from gateway.discord.account_check import check

    return check(account, channels)


def register() -> None:
    """Answer the ports of accounts from now on."""
    ports.account_check.register(check_account)
    ports.bot_panel.register(bot_panel)
