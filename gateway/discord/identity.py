"""Build the identity of an account: the fields with which a process speaks for it."""

from __future__ import annotations

from accounts.models import DiscordAccount
from gateway.discord.rest import Identity


def identity_of(account: DiscordAccount) -> Identity:
    return Identity(
        account_id=account.pk,
        revision=account.revision,
        is_anew=account.revision == account.anew_revision,
        channels_revision=account.channels_revision,
        guild_id=account.guild_id,
        channel_id=account.channel_id,
        token=account.user_token,
        user_agent=account.user_agent,
        proxy_url=account.proxy_url,
        further_channels=frozenset(
            each.channel_id for each in account.sub_channels.all()
        ),
    )
