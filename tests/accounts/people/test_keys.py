from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from time_machine import travel

from accounts.exceptions import (
    InvalidField,
    KeyExpired,
    KeyRevoked,
    NotValidNow,
    UserDisabled,
    WrongAddress,
)
from accounts.models import ApiKey, User
from accounts.people.keys import KeyFacts, create_key, digest, owner_of
from accounts.people.passes import delete_keys, delete_user, revoke
from accounts.people.users import ensure_operator, save_user
from tests.conftest import ALICES_KEY, BOBS_KEY, OPERATORS_KEY
from tests.factories import user_of_key

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_only_a_hash_of_the_key_is_kept(alice: User) -> None:
    key = create_key(alice)

    row = ApiKey.objects.order_by("-pk")[0]
    assert key not in {str(value) for value in vars(row).values()}
    assert user_of_key(key) == alice


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize(
    "rights", [{}, {"is_staff": True}, {"is_staff": True, "is_superuser": True}]
)
def test_the_owner_of_a_key_is_as_in_the_row(
    alice: User,
    rights: dict[str, bool],
    known: bool,
) -> None:
    User.objects.filter(pk=alice.pk).update(**rights)
    if known:
        owner_of([ALICES_KEY])

    found = user_of_key(ALICES_KEY)

    assert found is not None
    row = User.objects.get(pk=alice.pk)
    for name in ("id", "username", "is_active", "is_staff", "is_superuser"):
        assert getattr(found, name) == getattr(row, name), name
    assert "password" in found.get_deferred_fields()


def test_a_chosen_key_can_be_used_once(alice: User, bob: User) -> None:
    for taken in (ALICES_KEY, settings.ADMIN_TOKEN, "short"):
        with pytest.raises(InvalidField):
            create_key(bob, key=taken)


def test_the_admin_token_is_the_operators(db: None) -> None:
    ensure_operator()

    found = user_of_key(settings.ADMIN_TOKEN)

    assert found is not None
    assert found.is_operator


def test_a_revoked_key_is_no_key(alice: User) -> None:
    ApiKey.objects.update(is_active=False)

    assert user_of_key(ALICES_KEY) is None
    with pytest.raises(KeyRevoked):
        owner_of([ALICES_KEY])


def test_the_key_of_a_disabled_user_is_refused(alice: User) -> None:
    User.objects.update(is_active=False)

    assert user_of_key(ALICES_KEY) is None
    with pytest.raises(UserDisabled):
        owner_of([ALICES_KEY])


def test_either_of_two_keys_may_match(alice: User, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)

    for keys in (["wrong", ALICES_KEY], [BOBS_KEY, ALICES_KEY]):
        found = owner_of(keys)
        assert found
        assert found[0] == alice
    assert owner_of(["wrong", "wrong too"]) is None


def test_a_look_up_is_one_query(alice: User, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        found = owner_of(["wrong", ALICES_KEY])
        assert found is not None
        assert not found[0].is_operator
    with django_assert_num_queries(0):
        assert owner_of(["wrong", ALICES_KEY]) == found


def test_callers_do_not_share_a_user(alice: User) -> None:
    one, other = user_of_key(ALICES_KEY), user_of_key(ALICES_KEY)

    assert one == other
    assert one is not other


def disable(user: User) -> None:
    user.is_active = False
    save_user(user)


@pytest.mark.parametrize(
    "end",
    [
        lambda user: revoke(user.api_keys.all()),
        lambda user: delete_keys(user.api_keys.all()),
        disable,
        delete_user,
    ],
)
def test_a_key_that_was_used_ends_at_once(
    alice: User, end: Callable[[User], None]
) -> None:
    assert user_of_key(ALICES_KEY) == alice

    end(alice)

    assert user_of_key(ALICES_KEY) is None


def test_a_key_that_ended_in_another_process_counts_for_a_second_at_most(
    alice: User,
) -> None:
    with travel(NOON, tick=False) as moment:
        assert user_of_key(ALICES_KEY) == alice
        ApiKey.objects.update(is_active=False)

        moment.shift(0.9)
        assert user_of_key(ALICES_KEY) == alice
        moment.shift(0.2)
        assert user_of_key(ALICES_KEY) is None


def test_a_new_key_counts_at_once_in_every_process(alice: User) -> None:
    key = "a-key-that-another-process-makes"
    assert user_of_key(key) is None

    values = {"owner": alice, "prefix": key[:8], "digest": digest(key)}
    ApiKey.objects.bulk_create([ApiKey(**values)])  # sends no signal

    assert user_of_key(key) == alice


def restrict(user: User, **fields: Any) -> None:
    key = user.api_keys.get()
    for name, value in fields.items():
        setattr(key, name, value)
    key.full_clean()
    key.save()


def test_a_key_ends_at_its_end(alice: User) -> None:
    restrict(alice, expires_at=NOON)

    with travel(NOON - timedelta(seconds=1), tick=False) as moment:
        assert user_of_key(ALICES_KEY) == alice
        moment.shift(1)  # the snapshot still has it
        with pytest.raises(KeyExpired):
            owner_of([ALICES_KEY])


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize(
    ("fields", "moment"),
    [
        ({"valid_until": NOON}, NOON),
        ({"valid_from": NOON}, NOON - timedelta(seconds=1)),
    ],
)
def test_a_user_is_valid_for_a_time(
    alice: User, known: bool, fields: dict[str, datetime], moment: datetime
) -> None:
    User.objects.filter(pk=alice.pk).update(**fields)
    with travel(moment, tick=False):
        if known:
            with pytest.raises(NotValidNow):
                owner_of([ALICES_KEY])
        with pytest.raises(NotValidNow):
            owner_of([ALICES_KEY])


ADDRESSES = [
    ("1.2.3.4", "1.2.3.4", True),
    ("1.2.3.4", "1.2.3.5", False),
    ("1.2.3.0/24", "1.2.3.200", True),
    (" 1.2.3.9/24 ", "1.2.3.200", True),
    ("::ffff:1.2.3.4", "1.2.3.4", True),
    ("::ffff:1.2.3.0/120", "1.2.3.4", True),
    ("1.2.3.4", "::ffff:1.2.3.4", True),
    ("fe80::1%eth0", "fe80::1", True),
    ("fe80::/64", "fe80::7%eth1", True),
    ("2001:db8::/32", "2001:db9::1", False),
    ("0.0.0.0/0", "::1", False),
    ("0.0.0.0/0", None, False),
    ("::/0", "a.unix.socket", False),
]


@pytest.mark.parametrize(("allowed", "address", "is_right"), ADDRESSES)
def test_a_key_may_be_good_for_some_addresses(
    alice: User, allowed: str, address: str | None, is_right: bool
) -> None:
    restrict(alice, allowed_addresses=["198.51.100.7", allowed])

    if is_right:
        assert owner_of([ALICES_KEY], address)
    else:
        with pytest.raises(WrongAddress):
            owner_of([ALICES_KEY], address)


@pytest.mark.parametrize(
    "text", ["", "x", "1.2.3", "1.2.3.4/33", "1.2.3.4/", "/8", "1"]
)
def test_what_is_no_address_is_not_stored(alice: User, text: str) -> None:
    with pytest.raises(ValidationError):
        restrict(alice, allowed_addresses=[text])


def test_the_refusal_of_the_first_key_is_told(alice: User, bob: User) -> None:
    restrict(alice, expires_at=NOON)
    restrict(bob, allowed_addresses=["1.2.3.4"])

    with pytest.raises(KeyExpired):
        owner_of([ALICES_KEY, BOBS_KEY])
    with pytest.raises(WrongAddress):
        owner_of([BOBS_KEY, ALICES_KEY])
    found = owner_of([ALICES_KEY, BOBS_KEY], "1.2.3.4")
    assert found
    assert found[0] == bob


def test_the_facts_of_a_key_come_with_it(alice: User) -> None:
    restrict(alice, scopes=["draw"], drawings_a_day=7, drawings_in_total=9)

    found = owner_of([ALICES_KEY])

    assert found
    key = found[1]
    assert key.id == alice.api_keys.get().pk
    assert key.scopes == {"draw"}
    assert (key.drawings_a_day, key.drawings_in_total) == (7, 9)


def test_an_operator_without_the_scope_admin_is_an_ordinary_user(
    operator: User,
) -> None:
    restrict(operator, scopes=["draw", "read", "account"])

    found = owner_of([OPERATORS_KEY])

    assert found
    assert not found[0].is_operator
    assert User.objects.get(pk=operator.pk).is_operator


@pytest.mark.parametrize(
    ("fields", "is_unlimited"),
    [
        ({}, True),
        ({"expires_at": NOON}, False),
        ({"allowed_addresses": ["1.2.3.4"]}, False),
        ({"drawings_a_day": 1}, False),
        ({"drawings_in_total": 1}, False),
    ],
)
def test_a_key_knows_whether_it_has_limits(
    alice: User, fields: dict[str, Any], is_unlimited: bool
) -> None:
    restrict(alice, **fields)

    assert KeyFacts.of(alice.api_keys.get()).is_unlimited == is_unlimited
