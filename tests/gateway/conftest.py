"""The account of these tests draws in the channel of `wire`."""

from __future__ import annotations

import pytest

from accounts.models import DiscordAccount
from gateway.handlers import Speaker
from tests.factories import make_account
from tests.gateway.wire import CHANNEL, GUILD, US


@pytest.fixture
def account(db: None) -> DiscordAccount:
    return make_account(
        channel_id=CHANNEL,
        guild_id=GUILD,
        interval=0,
        after_interval_min=0,
        after_interval_max=0,
    )


@pytest.fixture
def speaker(account: DiscordAccount) -> Speaker:
    return Speaker(account.pk, US, frozenset({CHANNEL}))
