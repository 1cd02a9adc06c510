from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from time_machine import travel

from accounts.models import ApiKey, User
from accounts.people import last_use
from accounts.people.keys import digest
from mjproxy.lib.process import event_loop
from tests.conftest import ALICES_KEY, ApiClient

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, datetime]]:
    found: list[tuple[int, datetime]] = []
    monkeypatch.setattr(last_use, "_later", lambda *use: found.append(use))
    return found


def test_a_use_is_noted_once_a_minute(
    api: ApiClient, alice: User, noted: list[tuple[int, datetime]]
) -> None:
    pk = alice.api_keys.get().pk

    with travel(NOON, tick=False) as moment:
        for seconds in (0, 1, 58, 1, 60):
            moment.shift(seconds)
            api.get("/mj/task/list")
            api.get("/mj/task/1234567890123456/fetch")

    minute = timedelta(minutes=1)
    assert noted == [(pk, NOON), (pk, NOON + minute), (pk, NOON + 2 * minute)]


def test_a_session_uses_its_key(alice: User, noted: list[tuple[int, datetime]]) -> None:
    page = Client()
    page.post("/sign-in", {"key": ALICES_KEY})

    page.get("/mj/task/list")

    assert [pk for pk, _ in noted] == [alice.api_keys.get().pk]


def test_a_key_that_is_refused_is_not_used(
    api: ApiClient, alice: User, noted: list[tuple[int, datetime]]
) -> None:
    ApiKey.objects.update(expires_at=NOON)

    assert api.get("/mj/task/list").status_code == 401
    assert noted == []


def test_of_all_processes_one_writes_in_a_minute(
    alice: User, django_assert_num_queries: Any
) -> None:
    key = alice.api_keys.get()
    for seconds, written in ((0, 0), (59, 0), (60, 60), (30, 60)):
        with django_assert_num_queries(1):
            last_use.store(key.pk, NOON + timedelta(seconds=seconds))
        key.refresh_from_db()
        assert key.last_used_at == NOON + timedelta(seconds=written)


@pytest.mark.django_db(transaction=True)
def test_it_is_written_beside_the_answer() -> None:
    owner = User.objects.create(username="alice")
    key = ApiKey.objects.create(owner=owner, digest=digest(ALICES_KEY))

    event_loop.run(last_use._write(key.pk, NOON))

    key.refresh_from_db()
    assert key.last_used_at == NOON


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_is_no_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(last_use, "store", away)

    with caplog.at_level("INFO"):
        event_loop.run(last_use._write(1, NOON))

    assert caplog.messages == []
