"""A hook, and a task with one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from accounts.models import User
from tasks.models import Task
from tests.factories import make_task
from tests.http_server import Server, serving
from tests.tasks.webhook_calls import HOOK, forget_receivers


@pytest.fixture
def no_receivers() -> None:
    forget_receivers()


@pytest.fixture
def private_hooks(settings: Settings) -> None:
    """Let hooks be at private addresses."""
    settings.ALLOW_PRIVATE_HOOKS = True


@pytest.fixture
def hook() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def task(alice: User) -> Task:
    return make_task(alice, notify_hook=HOOK)
