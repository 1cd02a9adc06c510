from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import call_command
from django.test import Client

from accounts.models import AuditEntry, User
from tests.factories import make_user

WORDS = "a-long-enough-password"


@pytest.fixture
def olga(db: None) -> User:
    user = make_user("olga", is_staff=True, is_superuser=True, email="o@example.com")
    user.set_password(WORDS)
    user.save()
    return user


def sign_in(name: str, password: str) -> None:
    form = {"username": name, "password": password}
    Client(REMOTE_ADDR="192.0.2.7").post("/sign-in", form)


def seen() -> list[tuple[Any, ...]]:
    columns = ("action", "actor", "origin", "name")
    return list(AuditEntry.objects.order_by("pk").values_list(*columns))


def test_an_operators_sign_in(olga: User) -> None:
    sign_in("olga", WORDS)

    assert seen() == [("sign-in", "olga", "192.0.2.7", "olga")]


def test_a_wrong_password_for_an_operator(olga: User) -> None:
    sign_in("olga", "wrong-canary")

    assert seen() == [("failed sign-in", "", "192.0.2.7", "olga")]
    assert "wrong-canary" not in str(list(AuditEntry.objects.values()))


@pytest.mark.parametrize("name", ["alice", "nobody", "", "\x00", "o" * 254])
def test_others_leave_no_entry(alice: User, name: str) -> None:
    sign_in(name, "wrong")

    assert seen() == []


def test_a_second_factor_of_an_operator_is_removed_by_a_command(olga: User) -> None:
    Authenticator.objects.create(user=olga, type="totp", data={"secret": "x"})

    call_command("remove_second_factors", "olga")

    name = "remove_second_factors"
    assert seen() == [("second factors removed", name, "command", "olga")]
