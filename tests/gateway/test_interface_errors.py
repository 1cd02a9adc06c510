"""A driver's InterfaceError is a database that is away, as its other errors are."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError

from accounts.models import User
from gateway import leases
from gateway.models import GatewaySettings
from gateway.sockets.manager import Manager
from gateway.sockets.read_marks import ReadMarks
from tasks.api import task_views
from tests.conftest import ApiClient

pytestmark = pytest.mark.django_db(transaction=True)
ERRORS = [DatabaseError, InterfaceError, OperationalError]


@pytest.mark.parametrize("error", ERRORS)
async def test_a_gateway_ends_without_its_database(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def away(*_: Any) -> None:
        raise error

    for name in ("fall_silent", "retire", "give_back"):
        monkeypatch.setattr(leases, name, away)
    found = Manager()
    found._end(1, give_back=1)

    await found.close()

    assert not found._ending


@pytest.mark.parametrize("error", ERRORS)
async def test_nothing_is_acknowledged_without_the_database(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def away(*_: Any) -> None:
        raise error

    monkeypatch.setattr(GatewaySettings, "get_solo", away)
    http: Any = None

    assert not await ReadMarks(lambda: http)._is_wanted()


@pytest.mark.parametrize("error", [InterfaceError, OperationalError])
def test_a_look_at_a_task_is_503(
    api: ApiClient, alice: User, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise error("away")

    monkeypatch.setattr(task_views, "_task_answer", away)
    monkeypatch.setattr("mjproxy.web.authentication.KeyOrSession.authenticate", away)

    answer = api.get("/mj/task/1/fetch")

    assert (answer.status_code, answer.json()["success"]) == (503, False)
