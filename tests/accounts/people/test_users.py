from __future__ import annotations

import pytest

from accounts.exceptions import InvalidField
from accounts.models import User
from accounts.people import users
from accounts.people.keys import GUEST_NAME
from tests.factories import user_of_key


def test_a_new_user_comes_with_a_key_and_a_secret(db: None) -> None:
    user, key = users.create_user(name=" carol ", operator=True)

    assert (user.username, user.is_operator) == ("carol", True)
    assert user_of_key(key) == user
    assert user.webhook_secret.startswith("whsec_")
    assert not user.has_usable_password()


@pytest.mark.parametrize("name", ["", "  ", "alice", "a" * 151, "a\0b"])
def test_a_name_that_cannot_be_used_is_refused(alice: User, name: str) -> None:
    with pytest.raises(InvalidField):
        users.create_user(name=name)

    assert User.objects.count() == 1


def test_a_taken_token_makes_no_user(alice: User) -> None:
    with pytest.raises(InvalidField):
        users.create_user(name="carol", token="the-own-key-of-alice")

    assert not User.objects.filter(username="carol").exists()


def test_the_first_start_makes_a_password_once(db: None) -> None:
    first, again = users.ensure_operator(), users.ensure_operator()

    operator = User.objects.get(is_staff=True)
    assert operator.check_password(first)
    assert again == ""
    assert User.objects.filter(username=GUEST_NAME, is_staff=False).exists()
