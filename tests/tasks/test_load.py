from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import F

from accounts.models import DiscordAccount, User
from tasks.enums import TaskStatus
from tasks.load import with_load
from tests.factories import make_account, make_task

pytestmark = pytest.mark.django_db


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
def test_finished_tasks_are_not_looked_at() -> None:
    sql, params = (
        with_load(DiscordAccount.objects.all()).order_by("load").query.sql_with_params()
    )
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        plan = " ".join(str(row) for row in cursor.fetchall())

    assert "SCAN tasks_task USING COVERING INDEX task_open" in plan
