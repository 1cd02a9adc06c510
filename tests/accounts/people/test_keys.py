from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings
from time_machine import travel

from accounts.exceptions import InvalidField, UserDisabled
from accounts.models import ApiKey, User
from accounts.people.keys import create_key, digest, owner_of, user_of_key
from accounts.people.passes import delete_keys, delete_user, revoke
from accounts.people.users import ensure_operator, save_user
from tests.conftest import ALICES_KEY, BOBS_KEY

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

    found = owner_of([ALICES_KEY])

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

    assert owner_of([ALICES_KEY]) is None


def test_the_key_of_a_disabled_user_is_refused(alice: User) -> None:
    User.objects.update(is_active=False)

    assert user_of_key(ALICES_KEY) is None
    with pytest.raises(UserDisabled):
        owner_of([ALICES_KEY])


def test_either_of_two_keys_may_match(alice: User, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)

    assert owner_of(["wrong", ALICES_KEY]) == alice
    assert owner_of([BOBS_KEY, ALICES_KEY]) == alice
    assert owner_of(["wrong", "wrong too"]) is None


def test_a_look_up_is_one_query(alice: User, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        found = owner_of(["wrong", ALICES_KEY])
        assert found is not None
        assert not found.is_operator
    with django_assert_num_queries(0):
        assert owner_of(["wrong", ALICES_KEY]) == found


def test_callers_do_not_share_a_user(alice: User) -> None:
    one, other = owner_of([ALICES_KEY]), owner_of([ALICES_KEY])

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
