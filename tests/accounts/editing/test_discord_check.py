from __future__ import annotations

from collections.abc import Mapping

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from accounts import ports
from accounts.editing import discord_check, save
from accounts.editing.sub_channels import Pairs
from accounts.models import DiscordAccount
from accounts.selectors import account_by_id
from tests.factories import make_account

SUB, OTHER_SUB = (
    ("1201000000000000001", "1201000000000000011"),
    ("1201000000000000001", "1201000000000000012"),
)


class Discord:
    """Notes what it is asked about; finds wrong what `wrong` says."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Pairs]] = []
        self.wrong: dict[str, list[str]] = {}

    def __call__(
        self, account: DiscordAccount, channels: Mapping[str, Pairs]
    ) -> dict[str, list[str]]:
        self.asked.append(dict(channels))
        return self.wrong


@pytest.fixture
def discord(monkeypatch: pytest.MonkeyPatch) -> Discord:
    found = Discord()
    monkeypatch.setattr(ports.account_check, "_answer", found)
    return found


def own(account: DiscordAccount) -> Pairs:
    return [(account.guild_id, account.channel_id)]


def test_all_of_a_new_account_is_asked_about(db: None, discord: Discord) -> None:
    account = DiscordAccount(
        guild_id="1118138338562560101",
        channel_id="1118138338562560102",
        user_token="a-token",
    )

    discord_check.check(account, [SUB])

    assert discord.asked == [{"channel_id": own(account), "sub_channels": [SUB]}]


@pytest.mark.parametrize(
    ("changes", "asks_own", "asks_known"),
    [
        ({"user_token": "another"}, True, True),
        ({"guild_id": "1118138338562560109"}, True, False),
        ({"channel_id": "1118138338562560109"}, True, False),
        ({"proxy_url": "http://127.0.0.1:1"}, False, False),
    ],
)
def test_what_has_changed_is_asked_about(
    account: DiscordAccount,
    discord: Discord,
    changes: dict[str, str],
    asks_own: bool,
    asks_known: bool,
) -> None:
    save.save_account(account, further={SUB: ""})
    edited = account_by_id(str(account.pk))
    assert edited is not None
    for name, value in changes.items():
        setattr(edited, name, value)

    discord_check.check(edited)

    (asked,) = discord.asked
    assert asked["channel_id"] == (own(edited) if asks_own else [])
    assert asked["sub_channels"] == ([SUB] if asks_known else [])


def test_a_further_channel_alone_is_asked_about(
    account: DiscordAccount, discord: Discord
) -> None:
    save.save_account(account, further={SUB: ""})

    discord_check.check(account, [SUB, OTHER_SUB])

    assert discord.asked == [{"channel_id": [], "sub_channels": [OTHER_SUB]}]


def test_an_edit_of_other_things_asks_nobody(
    account: DiscordAccount, discord: Discord
) -> None:
    account.remark, account.core_size = "renamed", 7

    discord_check.check(account)

    assert discord.asked == []


def test_what_is_wrong_here_already_asks_nobody(
    account: DiscordAccount, discord: Discord
) -> None:
    account.channel_id = "12"

    with pytest.raises(ValidationError) as caught:
        discord_check.check(account)

    assert set(caught.value.message_dict) == {"channel_id"}
    assert discord.asked == []


def test_what_discord_finds_wrong_is_said_by_field(
    account: DiscordAccount, discord: Discord
) -> None:
    discord.wrong = {"user_token": ["No."], "sub_channels": ["No.", "Neither."]}
    account.user_token = "another"

    with pytest.raises(ValidationError) as caught:
        discord_check.check(account)

    assert caught.value.message_dict == discord.wrong


def test_a_token_that_cannot_be_decrypted_counts_as_changed(
    account: DiscordAccount,
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_discordaccount SET user_token = 'broken'")

    assert discord_check.changed(account) == {"user_token"}


def test_nobody_to_ask_is_no_error(account: DiscordAccount) -> None:
    account.user_token = "another"

    discord_check.check(account)


@pytest.mark.parametrize(
    ("field", "good"),
    [
        ("permanent_invitation_link", "https://discord.gg/abc-DEF_1"),
        ("permanent_invitation_link", "https://discord.com/invite/abcdef/"),
        ("proxy_url", "http://10.0.0.1:3128"),
        ("proxy_url", "socks5h://alice:s3cr%40t@proxy.example.com:1080"),
        ("proxy_url", "http://[::1]:8080/"),
        ("proxy_url", "http://mj_proxy:3128"),
        ("user_token", "AAAA.BBBB.cccc-dddd_eeee"),
    ],
)
def test_a_good_value_is_taken(db: None, field: str, good: str) -> None:
    save.save_account(make_account(**{field: good}))


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("permanent_invitation_link", "https://example.com/invite/abc"),
        ("permanent_invitation_link", "http://discord.gg/abc"),
        ("permanent_invitation_link", "https://discord.gg.example.com/abc"),
        ("permanent_invitation_link", "javascript:alert(1)//discord.gg/abc"),
        ("permanent_invitation_link", "https://discord.gg/abc\n"),
        ("permanent_invitation_link", 'https://discord.gg/"><script>'),
        ("proxy_url", "10.0.0.1:3128"),
        ("proxy_url", "ftp://10.0.0.1"),
        ("proxy_url", "http://"),
        ("proxy_url", "http://a b@10.0.0.1"),
        ("proxy_url", "http://10.0.0.1:port"),
        ("proxy_url", "http://user:pass\r\n@10.0.0.1:1"),
        ("proxy_url", "file:///etc/passwd"),
        ("user_token", "two words"),
        ("user_token", "токен"),
        ("user_token", "a\nb"),
        ("user_token", ""),
        ("guild_id", "１２０１００００００００００００００１"),
        ("channel_id", "1201000000000000011\n"),
        ("private_channel_id", "@me"),
    ],
)
def test_a_wrong_value_is_an_error_of_its_field(
    account: DiscordAccount, field: str, wrong: str
) -> None:
    setattr(account, field, wrong)

    with pytest.raises(ValidationError) as caught:
        save.save_account(account)

    assert set(caught.value.message_dict) == {field}
    assert "pass" not in str(caught.value).replace("password", "")  # no secret
