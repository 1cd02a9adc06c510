"""What a process needs to know of an account while it speaks for it."""

from __future__ import annotations

from accounts.models import DiscordAccount
from accounts.sub_channels import pairs_of
from gateway.http import Identity


def identity_of(account: DiscordAccount) -> Identity:
    return Identity(
        account_id=account.pk,
        revision=account.revision,
        guild_id=account.guild_id,
        channel_id=account.channel_id,
        token=account.user_token,
        user_agent=account.user_agent,
        proxy_url=account.proxy_url,
        further_channels=frozenset(channel for _, channel in pairs_of(account)),
    )
