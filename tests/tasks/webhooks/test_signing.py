from __future__ import annotations

import time

import pytest
from cryptography.fernet import Fernet
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from accounts.models import User
from accounts.people.users import renew_webhook_secret
from tasks.webhooks import signing
from tasks.webhooks.signing import hook_secret, secret_for


def of(user: User) -> str:
    return secret_for(user.pk, is_operators=False)


def test_a_user_without_a_secret_gets_one(alice: User) -> None:
    secret = of(alice)

    alice.refresh_from_db()
    assert secret == alice.webhook_secret
    assert secret.startswith("whsec_")


def test_a_secret_is_read_once_for_many_calls(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    secret = of(alice)

    with django_assert_num_queries(0):
        assert of(alice) == secret


def test_a_new_secret_is_used_within_a_second(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, now = of(alice), time.monotonic()
    new = renew_webhook_secret(alice)

    monkeypatch.setattr(time, "monotonic", lambda: now + 1)

    assert of(alice) == new != old


def test_the_operators_hook_has_a_secret_of_its_own(alice: User) -> None:
    ours = secret_for(alice.pk, is_operators=True)

    assert ours == hook_secret() != of(alice)


def test_a_secret_that_fits_no_key_is_none(alice: User, settings: Settings) -> None:
    of(alice)
    signing.forget()

    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    assert of(alice) == ""
