"""Private addresses are allowed, because the sources listen on loopback."""

from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings

from accounts.models import User
from accounts.people.keys import ADMIN_NAME
from tasks.moving.pictures import hosts
from tests.factories import make_user


@pytest.fixture(autouse=True)
def _sources_on_loopback(settings: Settings) -> None:
    settings.ALLOW_PRIVATE_HOOKS = True


@pytest.fixture(autouse=True)
def _no_host_has_failed() -> None:
    hosts.forget()


@pytest.fixture
def boss(transactional_db: None) -> User:
    """Return the operator who gets tasks of unknown users."""
    return make_user(ADMIN_NAME, is_staff=True, is_superuser=True)
