from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, connections
from django.db.models import F
from django.db.utils import ConnectionHandler

from accounts.models import (
    ApiKey,
    DiscordAccount,
    DomainTag,
    Invitation,
    User,
    UserGroup,
)
from mjproxy.db.database_url import database
from tasks.enums import TaskAction, TaskStatus
from tasks.load import with_load
from tasks.models import Task
from tests.e2e.faulty import own_database, postgres_server
from tests.factories import make_account, make_task, make_user

pytestmark = pytest.mark.django_db

SERVER: Final = postgres_server()
# In the order in which they refer to each other.
TABLES: Final = (
    *(ContentType, Permission, Group, UserGroup, Invitation, User, ApiKey),
    *(DomainTag, DiscordAccount, Task),
)


def test_what_runs_and_waits_is_the_load(alice: User) -> None:
    busy, idle = make_account(), make_account()
    for status in (*TaskStatus, TaskStatus.NOT_START):
        make_task(alice, account=busy, status=status)
    make_task(alice, account=None)

    found = with_load(DiscordAccount.objects.order_by("pk"))

    assert list(found.values_list("pk", F("load"))) == [(busy.pk, 4), (idle.pk, 0)]
    assert list(found.filter(waiting=2)) == [busy]
    assert list(found.filter(load__lt=F("core_size"))) == [idle]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="asks SQLite for its plan")
def test_sqlite_does_not_look_at_finished_tasks() -> None:
    plan = sorted_by_load().explain().splitlines()

    read = [line for line in plan if "tasks_task" in line or "U0" in line]
    assert any("SCAN tasks_task USING COVERING INDEX task_open" in x for x in read)
    assert all(" USING " in line for line in read)


@pytest.mark.skipif(not SERVER, reason="no PostgreSQL here")
def test_postgres_does_not_look_at_finished_tasks() -> None:
    with postgres_with_tables():
        fill(accounts=20, finished=5000, waiting=50)
        plan = sorted_by_load().explain()

    assert "task_open" in plan
    assert "Seq Scan on tasks_task" not in plan


def sorted_by_load() -> Any:
    rows = with_load(DiscordAccount.objects.all())
    return rows.filter(waiting__lt=F("max_queue_size")).order_by("load")


@contextmanager
def postgres_with_tables() -> Iterator[None]:
    """Make the thread's connection one to a PostgreSQL with empty tables."""
    port = urlsplit(SERVER).port or 5432
    with own_database(SERVER, port) as url:
        wrapper = ConnectionHandler({"default": database(url, Path())})["default"]
        usual = connections["default"]
        connections["default"] = wrapper
        try:
            with wrapper.schema_editor() as editor:
                for model in TABLES:
                    editor.create_model(model)
            yield
        finally:
            connections["default"] = usual
            wrapper.close()


def fill(*, accounts: int, finished: int, waiting: int) -> None:
    """Write rows, and let the database count them for its plans."""
    owner = make_user()
    among = [make_account() for _ in range(accounts)]
    statuses = [TaskStatus.SUCCESS] * finished + [TaskStatus.NOT_START] * waiting
    Task.objects.bulk_create(
        Task(
            owner=owner,
            account=among[number % accounts],
            action=TaskAction.IMAGINE,
            status=status,
        )
        for number, status in enumerate(statuses)
    )
    with connections["default"].cursor() as cursor:
        cursor.execute("ANALYZE")
