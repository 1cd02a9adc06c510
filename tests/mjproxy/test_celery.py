from __future__ import annotations

import pytest
from celery import signals
from celery.fixups.django import DjangoWorkerFixup  # type: ignore[attr-defined]
from django.conf import settings
from django.db import connection

from mjproxy import beat
from mjproxy.celery import app

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """How often the connection was closed; it is open."""
    connection.ensure_connection()
    # The tests' own settings keep no connection on PostgreSQL.
    monkeypatch.setattr(connection, "close_at", None)
    found: list[bool] = []
    monkeypatch.setattr(connection, "close", lambda: found.append(True))
    return found


def test_a_worker_keeps_its_connection_between_two_jobs(closed: list[bool]) -> None:
    fixup = DjangoWorkerFixup(app)

    fixup.close_database()
    signals.task_postrun.send(sender=None)
    signals.task_prerun.send(sender=None)
    assert closed == []

    fixup.db_reuse_max = None
    fixup.close_database()
    assert closed == [True]  # as Celery does by itself


def test_a_broken_connection_is_not_kept(
    closed: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "errors_occurred", True)
    monkeypatch.setattr(connection, "is_usable", lambda: False)

    signals.task_prerun.send(sender=None)

    assert closed == [True]


def test_beat_logs_as_the_others_do(monkeypatch: pytest.MonkeyPatch) -> None:
    applied: list[dict[str, object]] = []
    monkeypatch.setattr(beat, "dictConfig", applied.append)

    signals.setup_logging.send(sender=None)

    assert applied == [settings.LOGGING]
