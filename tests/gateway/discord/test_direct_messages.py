"""The channels of the bots' direct messages: found, kept, opened where needed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from accounts.editing import save
from accounts.models import DiscordAccount
from gateway.discord import direct_messages
from gateway.discord.rest import DiscordHttp
from gateway.protocol.constants import MIDJOURNEY_APP, NIJI_APP
from mjproxy.lib.db.threads import in_thread
from tests.gateway.rest_server import Server, serving

pytestmark = pytest.mark.django_db(transaction=True)

MJ, NIJI, OPENED = "1201000000000000003", "1201000000000000004", "1201000000000000005"
READY: dict[str, Any] = {
    "private_channels": [
        {"id": MJ, "type": 1, "recipient_ids": [MIDJOURNEY_APP]},
        {"id": NIJI, "type": 1, "recipients": [{"id": NIJI_APP}]},
    ]
}


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as found:
        found.says(200, {"id": OPENED, "type": 1})
        yield found


def kept(account: DiscordAccount) -> tuple[str, str]:
    account.refresh_from_db()
    return account.private_channel_id, account.niji_bot_channel_id


def test_those_of_both_bots_are_kept(account: DiscordAccount) -> None:
    direct_messages.found_in(account.pk, READY)

    assert kept(account) == (MJ, NIJI)
    assert account.revision == 0  # no reason to connect anew


def test_what_an_operator_entered_stays(account: DiscordAccount) -> None:
    account.private_channel_id = OPENED
    account.save()

    direct_messages.found_in(account.pk, READY)

    assert kept(account) == (OPENED, NIJI)


def test_another_token_forgets_what_was_found(account: DiscordAccount) -> None:
    direct_messages.found_in(account.pk, READY)
    account.refresh_from_db()
    account.user_token = "another"
    account.niji_bot_channel_id = OPENED  # entered together with the token

    save.save_account(account)

    assert kept(account) == ("", OPENED)


def test_the_same_token_forgets_nothing(account: DiscordAccount) -> None:
    direct_messages.found_in(account.pk, READY)
    account.refresh_from_db()

    save.save_account(account)

    assert kept(account) == (MJ, NIJI)


@pytest.mark.parametrize(("niji", "opened"), [(True, (MJ, OPENED)), (False, (MJ, ""))])
async def test_those_of_its_bots_that_are_missing_are_opened(
    account: DiscordAccount, http: DiscordHttp, niji: bool, opened: tuple[str, str]
) -> None:
    rows = DiscordAccount.objects.filter(pk=account.pk)
    await in_thread(rows.update, private_channel_id=MJ, enable_niji=niji)

    await direct_messages.open_missing(http, account.pk)

    assert await in_thread(kept, account) == opened


async def test_those_that_cannot_be_opened_stay_empty(
    account: DiscordAccount, http: DiscordHttp, server: Server
) -> None:
    server.says(403, {"message": "no", "code": 50007})

    await direct_messages.open_missing(http, account.pk)

    assert await in_thread(kept, account) == ("", "")


async def test_one_that_is_known_is_not_opened_again(
    account: DiscordAccount, http: DiscordHttp, server: Server
) -> None:
    account.private_channel_id = MJ

    assert await direct_messages.channel_with(http, account, MIDJOURNEY_APP) == MJ
    assert server.seen == []


async def test_one_that_is_not_known_is_opened_and_kept(
    account: DiscordAccount, http: DiscordHttp, server: Server
) -> None:
    assert await direct_messages.channel_with(http, account, NIJI_APP) == OPENED

    (seen,) = server.seen
    assert (seen.method, seen.url) == (
        "POST",
        f"{server.url}/api/v9/users/@me/channels",
    )
    assert NIJI_APP.encode() in seen.body
    assert (await in_thread(kept, account)) == ("", OPENED)
