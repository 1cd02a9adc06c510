from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from accounts.editing import save, sub_channels
from accounts.models import DiscordAccount
from tests.factories import make_account

GUILD, FIRST, SECOND = (
    "1201000000000000001",
    "1201000000000000011",
    "1201000000000000012",
)
LINK = "https://discord.com/channels/{}/{}"


def lines(*pairs: sub_channels.Pair) -> sub_channels.Lines:
    return dict.fromkeys(pairs, "")


def test_a_line_may_say_more_than_its_link() -> None:
    lines = f"my studio, {LINK.format(GUILD, FIRST)}, since May\n\n"
    lines += f"  {LINK.format(GUILD, SECOND)}/1300000000000000000\n"

    assert sub_channels.parse(lines) == {
        (GUILD, FIRST): f"my studio, {LINK.format(GUILD, FIRST)}, since May",
        (GUILD, SECOND): "",
    }


@pytest.mark.parametrize(
    "line",
    [
        "a channel",
        FIRST,
        "https://example.com/channels/1201000000000000001/1201000000000000011",
        LINK.format("@me", FIRST),
        LINK.format(GUILD, "12"),
        LINK.format(GUILD, "1201000000000000011x"),
        LINK.format(GUILD, "１２０１００００００００００００１１１"),
        f"http://discord.com/channels/{GUILD}/{FIRST}",
        f"https://discord.com.example.com/channels/{GUILD}/{FIRST}",
        "\x00",
        f"{LINK.format(GUILD, FIRST)} \x00",
        f"{LINK.format(GUILD, FIRST)} {'x' * 1000}",
    ],
)
def test_a_wrong_line_is_named_by_its_number(line: str) -> None:
    with pytest.raises(ValidationError) as caught:
        sub_channels.parse([LINK.format(GUILD, SECOND), line])

    (message,) = caught.value.messages
    assert message.startswith("Line 2: ")


def test_the_same_channel_twice_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"Line 3.*twice"):
        sub_channels.parse(
            [LINK.format(GUILD, FIRST), "", LINK.format(SECOND, FIRST) + " again"]
        )


@given(st.text() | st.lists(st.text()))
def test_anything_is_either_read_or_refused(lines: str | list[str]) -> None:
    try:
        pairs = sub_channels.parse(lines)
    except ValidationError:
        return
    assert all(part.isdecimal() for pair in pairs for part in pair)


def test_what_stays_keeps_its_row(account: DiscordAccount) -> None:
    save.save_account(account, further=lines((GUILD, FIRST)))
    kept = account.sub_channels.get().pk

    save.save_account(account, further=lines((GUILD, SECOND), (GUILD, FIRST)))

    assert set(sub_channels.pairs_of(account)) == {(GUILD, FIRST), (GUILD, SECOND)}
    assert account.sub_channels.get(channel_id=FIRST).pk == kept
    account.refresh_from_db()
    assert (account.revision, account.channels_revision) == (0, 2)


def test_a_note_is_kept_until_it_is_edited(account: DiscordAccount) -> None:
    written = [
        f"{LINK.format(GUILD, FIRST)}, Anna's  room",
        f"studio: {LINK.format(GUILD, SECOND)}",
    ]
    save.save_account(account, further=sub_channels.parse(written))
    kept = account.sub_channels.get(channel_id=FIRST).pk
    assert sub_channels.lines_of(account) == written

    save.save_account(account)
    assert sub_channels.lines_of(account) == written

    edited = [LINK.format(GUILD, FIRST), f"{LINK.format(GUILD, SECOND)} <b>工作室</b>"]
    save.save_account(account, further=sub_channels.parse(edited))
    assert sub_channels.lines_of(account) == edited
    assert account.sub_channels.get(channel_id=FIRST).pk == kept


def test_a_note_stands_on_one_line(account: DiscordAccount) -> None:
    link = LINK.format(GUILD, FIRST)
    further = sub_channels.parse([f"{link}\r\nfor\nAnna", ""])

    save.save_account(account, further=further)

    assert sub_channels.lines_of(account) == [f"{link} for Anna"]
    assert sub_channels.parse("\n".join(sub_channels.lines_of(account))) == further


def test_the_address_of_a_message_is_that_of_its_channel() -> None:
    link = f"https://ptb.discord.com/channels/{GUILD}/{FIRST}/1300000000000000000?a=1"

    (line,) = sub_channels.parse([f"a, {link}, b"]).values()

    assert line == f"a, {LINK.format(GUILD, FIRST)}, b"


def test_what_is_gone_is_removed(account: DiscordAccount) -> None:
    save.save_account(account, further=lines((GUILD, FIRST)))

    save.save_account(account, further=lines())

    assert sub_channels.lines_of(account) == []


def test_an_edit_that_says_nothing_of_them_keeps_them(account: DiscordAccount) -> None:
    save.save_account(account, further=lines((GUILD, FIRST)))

    save.save_account(account)

    assert sub_channels.lines_of(account) == [LINK.format(GUILD, FIRST)]


def test_the_main_channel_is_no_further_channel(account: DiscordAccount) -> None:
    save.save_account(account, further=lines((GUILD, FIRST)))
    account.channel_id = FIRST

    with pytest.raises(ValidationError) as caught:
        save.save_account(account)

    assert set(caught.value.message_dict) == {"sub_channels"}


def test_two_accounts_share_a_channel(account: DiscordAccount) -> None:
    other = make_account()

    save.save_account(account, further=lines((other.guild_id, other.channel_id)))
    save.save_account(other, further=lines((account.guild_id, account.channel_id)))

    assert sub_channels.pairs_of(other) == [(account.guild_id, account.channel_id)]
