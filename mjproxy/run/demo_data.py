"""Rows for a demo run: ready accounts, a sign-in and a key."""

from __future__ import annotations

from accounts.editing.save import save_account
from accounts.models import ApiKey, DiscordAccount, User
from accounts.people.keys import ADMIN_NAME, create_key
from accounts.people.users import reset_password
from gateway.simulator.state.accounts import default_accounts
from mjproxy.run.demo import ACCOUNTS, KEY_NAME


def add_accounts() -> None:
    """Register the simulator's accounts, with no pause between two submissions."""
    known = set(DiscordAccount.objects.values_list("channel_id", flat=True))
    for spec in default_accounts(ACCOUNTS):
        if spec.channel_id not in known:
            save_account(
                DiscordAccount(
                    remark=spec.name,
                    guild_id=spec.guild_id,
                    channel_id=spec.channel_id,
                    user_token=spec.user_token,
                    interval=0,
                    after_interval_min=0,
                    after_interval_max=0,
                )
            )


def new_password() -> str:
    return reset_password(User.objects.get(username=ADMIN_NAME))


def new_key() -> str:
    """Make the API key of this run; the key of the previous run ends."""
    operator = User.objects.get(username=ADMIN_NAME)
    ApiKey.objects.filter(owner=operator, name=KEY_NAME).delete()
    return create_key(operator, name=KEY_NAME)
