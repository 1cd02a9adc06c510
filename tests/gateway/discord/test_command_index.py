from __future__ import annotations

import pytest

from accounts.models import DiscordAccount
from gateway.discord.command_index import UnknownCommand, find_command, save_index
from gateway.models import CommandIndex
from gateway.protocol.constants import MIDJOURNEY_APP, NIJI_APP
from tests.factories import make_account
from tests.gateway.rows import COMMANDS, make_index


def test_only_the_bots_commands_are_kept(account: DiscordAccount) -> None:
    other = COMMANDS[0] | {"application_id": "5"}
    unversioned = COMMANDS[0] | {"version": None}

    save_index(account.pk, [COMMANDS[0] | {"options": [1]}, other, unversioned, {}])

    assert CommandIndex.objects.get(account=account).commands == [COMMANDS[0]]


def test_a_new_index_replaces_the_old_one(account: DiscordAccount) -> None:
    make_index(account)

    save_index(account.pk, [COMMANDS[0] | {"version": "9"}])

    command = find_command(account.pk, MIDJOURNEY_APP, "imagine")
    assert command["version"] == "9"
    with pytest.raises(UnknownCommand):
        find_command(account.pk, NIJI_APP, "imagine")


def test_each_bot_has_its_own_command(account: DiscordAccount) -> None:
    make_index(account)

    assert find_command(account.pk, MIDJOURNEY_APP, "imagine") == COMMANDS[0]
    assert find_command(account.pk, NIJI_APP, "imagine") == COMMANDS[1]
    assert find_command(account.pk, MIDJOURNEY_APP, "Cancel Job", kind=3) == COMMANDS[2]


@pytest.mark.parametrize(
    ("application_id", "name", "kind"),
    [
        (MIDJOURNEY_APP, "describe", 1),
        (MIDJOURNEY_APP, "imagine", 3),
        (MIDJOURNEY_APP, "Cancel Job", 1),
        ("5", "imagine", 1),
    ],
)
def test_an_unlisted_command_is_unknown(
    account: DiscordAccount, application_id: str, name: str, kind: int
) -> None:
    make_index(account)

    with pytest.raises(UnknownCommand, match=name):
        find_command(account.pk, application_id, name, kind=kind)


def test_the_index_of_another_account_does_not_count(account: DiscordAccount) -> None:
    make_index(make_account())

    with pytest.raises(UnknownCommand):
        find_command(account.pk, MIDJOURNEY_APP, "imagine")
