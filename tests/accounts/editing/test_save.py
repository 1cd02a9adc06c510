from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from accounts.editing import save
from accounts.exceptions import InvalidField
from accounts.models import DiscordAccount, User
from accounts.people.keys import GUEST_NAME, user_of_key


@pytest.mark.parametrize(
    ("field", "value", "connects"),
    [
        ("user_token", "another", True),
        ("guild_id", "1118138338562560199", True),
        ("channel_id", "1118138338562560299", True),
        ("proxy_url", "http://127.0.0.1:3128", True),
        ("user_agent", "Mozilla/5.0", True),
        ("remark", "a fox", False),
        ("core_size", 7, False),
        ("work_time", "", False),
        ("enabled", True, False),
        ("private_channel_id", "1118138338562560399", False),
        ("bot_token", "something", False),
    ],
)
def test_only_what_concerns_the_connection_makes_it_anew(
    account: DiscordAccount, field: str, value: object, connects: bool
) -> None:
    setattr(account, field, value)

    save.save_account(account, fields={field})

    account.refresh_from_db()
    assert (account.revision, account.anew_revision) == ((1, 1) if connects else (0, 0))


def test_an_edit_writes_only_what_it_names(account: DiscordAccount) -> None:
    stale = DiscordAccount.objects.get(pk=account.pk)
    DiscordAccount.objects.update(fast_exhausted=True, mj_remix_on=True)
    stale.remark = "a fox"

    save.save_account(stale, fields={"remark"})

    account.refresh_from_db()
    assert account.remark == "a fox"
    assert account.fast_exhausted
    assert account.mj_remix_on


def test_a_wrong_channel_is_refused_by_field(account: DiscordAccount) -> None:
    account.channel_id = "12"

    with pytest.raises(ValidationError) as caught:
        save.save_account(account)

    assert set(caught.value.message_dict) == {"channel_id"}


def test_used_up_time_is_news_once(account: DiscordAccount) -> None:
    assert save.mark_fast_exhausted(account.pk, "why") is True
    assert save.mark_fast_exhausted(account.pk, "why") is False


def test_only_a_newer_notice_is_new(account: DiscordAccount) -> None:
    heard = [save.note_notice(account.pk, i) for i in ("9", "9", "8", "10")]

    assert heard == [True, False, False, True]


def test_a_new_user_comes_with_a_key_and_a_secret(db: None) -> None:
    user, key = save.create_user(name=" carol ", operator=True)

    assert (user.username, user.is_operator) == ("carol", True)
    assert user_of_key(key) == user
    assert user.webhook_secret.startswith("whsec_")
    assert not user.has_usable_password()


@pytest.mark.parametrize("name", ["", "  ", "alice", "a" * 151, "a\0b"])
def test_a_name_that_cannot_be_used_is_refused(alice: User, name: str) -> None:
    with pytest.raises(InvalidField):
        save.create_user(name=name)

    assert User.objects.count() == 1


def test_a_taken_token_makes_no_user(alice: User) -> None:
    with pytest.raises(InvalidField):
        save.create_user(name="carol", token="the-own-key-of-alice")

    assert not User.objects.filter(username="carol").exists()


def test_the_first_start_makes_a_password_once(db: None) -> None:
    first, again = save.ensure_operator(), save.ensure_operator()

    operator = User.objects.get(is_staff=True)
    assert operator.check_password(first)
    assert again == ""
    assert User.objects.filter(username=GUEST_NAME, is_staff=False).exists()
