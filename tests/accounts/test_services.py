from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts import services
from accounts.enums import NEEDS_A_PERSON, AccountState
from accounts.exceptions import InvalidField
from accounts.keys import GUEST_NAME, user_of_key
from accounts.models import DiscordAccount, User
from tests.factories import make_account


def test_every_edit_raises_the_revision(account: DiscordAccount) -> None:
    services.save_account(account)
    services.reconnect(account.pk)

    account.refresh_from_db()
    assert account.revision == 2


def test_a_wrong_channel_is_refused_by_field(account: DiscordAccount) -> None:
    account.channel_id = "12"

    with pytest.raises(ValidationError) as caught:
        services.save_account(account)

    assert set(caught.value.message_dict) == {"channel_id"}


@pytest.mark.parametrize("state", sorted(NEEDS_A_PERSON))
def test_a_state_that_needs_a_person_ends_only_by_an_edit(
    db: None, state: AccountState
) -> None:
    account = make_account(state=state, state_reason="look at it")

    assert services.set_state(account.pk, AccountState.READY) is False
    services.save_account(account)

    account.refresh_from_db()
    assert (account.state, account.state_reason) == (AccountState.CONNECTING, "")


def test_the_same_state_again_is_no_news(account: DiscordAccount) -> None:
    assert services.set_state(account.pk, AccountState.READY) is False
    assert services.set_state(account.pk, AccountState.DISCONNECTED, "cut") is True


def test_a_disabled_account_keeps_its_state(account: DiscordAccount) -> None:
    services.set_enabled(account, enabled=False)

    assert services.set_state(account.pk, AccountState.READY) is False
    account.refresh_from_db()
    assert account.state == AccountState.DISABLED


NOW = timezone.now()
SOON, LATE = NOW + timedelta(hours=1), NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("first", "second", "end"),
    [
        (None, SOON, None),
        (SOON, None, None),
        (SOON, LATE, LATE),
        (LATE, SOON, LATE),
        (SOON, SOON, SOON),
    ],
)
def test_of_two_pauses_the_longer_one_holds(
    account: DiscordAccount,
    first: datetime | None,
    second: datetime | None,
    end: datetime | None,
) -> None:
    assert services.pause(account.pk, "first", first) is True
    assert services.pause(account.pk, "second", second) is (first != second == end)

    account.refresh_from_db()
    assert (account.state, account.resume_at) == (AccountState.PAUSED, end)
    assert account.state_reason == ("second" if first != second == end else "first")


@pytest.mark.parametrize(
    "fields", [{"enabled": False}, {"state": AccountState.INVALID_TOKEN}]
)
@pytest.mark.parametrize("until", [None, SOON])
def test_an_account_that_is_off_is_not_paused(
    db: None, fields: dict[str, Any], until: datetime | None
) -> None:
    account = make_account(**fields)

    assert services.pause(account.pk, "why", until) is False


def test_an_account_that_rests_takes_no_other_state(account: DiscordAccount) -> None:
    services.pause(account.pk, "why", SOON)

    assert services.set_state(account.pk, AccountState.READY) is False


@pytest.mark.parametrize("enabled", [True, False])
def test_a_persons_edit_ends_a_rest(account: DiscordAccount, enabled: bool) -> None:
    services.pause(account.pk, "why", SOON)
    account.refresh_from_db()

    services.set_enabled(account, enabled=enabled)

    account.refresh_from_db()
    assert account.resume_at is None
    assert account.state != AccountState.PAUSED


def test_a_token_that_dies_ends_a_rest(account: DiscordAccount) -> None:
    services.pause(account.pk, "why", SOON)

    services.disable_for(account.pk, AccountState.INVALID_TOKEN, "dead")

    account.refresh_from_db()
    assert account.resume_at is None


def test_used_up_time_is_news_once(account: DiscordAccount) -> None:
    assert services.mark_fast_exhausted(account.pk, "why") is True
    assert services.mark_fast_exhausted(account.pk, "why") is False


def test_only_a_newer_notice_is_new(account: DiscordAccount) -> None:
    heard = [services.note_notice(account.pk, i) for i in ("9", "9", "8", "10")]

    assert heard == [True, False, False, True]


def test_a_new_user_comes_with_a_key_and_a_secret(db: None) -> None:
    user, key = services.create_user(name=" carol ", operator=True)

    assert (user.username, user.is_operator) == ("carol", True)
    assert user_of_key(key) == user
    assert user.webhook_secret.startswith("whsec_")
    assert not user.has_usable_password()


@pytest.mark.parametrize("name", ["", "  ", "alice", "a" * 151, "a\0b"])
def test_a_name_that_cannot_be_used_is_refused(alice: User, name: str) -> None:
    with pytest.raises(InvalidField):
        services.create_user(name=name)

    assert User.objects.count() == 1


def test_a_taken_token_makes_no_user(alice: User) -> None:
    with pytest.raises(InvalidField):
        services.create_user(name="carol", token="key-of-alice")

    assert not User.objects.filter(username="carol").exists()


def test_the_first_start_makes_a_password_once(db: None) -> None:
    first, again = services.ensure_operator(), services.ensure_operator()

    operator = User.objects.get(is_staff=True)
    assert operator.check_password(first)
    assert again == ""
    assert User.objects.filter(username=GUEST_NAME, is_staff=False).exists()
