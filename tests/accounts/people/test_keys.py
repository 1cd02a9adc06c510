from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from accounts.exceptions import InvalidField, UserDisabled
from accounts.models import ApiKey, User
from accounts.people.keys import create_key, owner_of, user_of_key
from accounts.people.users import ensure_operator
from tests.conftest import ALICES_KEY, BOBS_KEY


def test_only_a_hash_of_the_key_is_kept(alice: User) -> None:
    key = create_key(alice)

    row = ApiKey.objects.order_by("-pk")[0]
    assert key not in {str(value) for value in vars(row).values()}
    assert user_of_key(key) == alice


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
