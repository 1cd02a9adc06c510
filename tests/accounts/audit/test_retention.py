from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import retention
from accounts.models import AuditEntry, RetentionSettings
from mjproxy.lib.db import removal


def old(days: float) -> AuditEntry:
    moment = timezone.now() - timedelta(days=days)
    return AuditEntry.objects.create(at=moment, origin="command", action="x", kind="y")


def test_entries_are_kept_for_a_year_by_default(db: None) -> None:
    kept, _ = old(364), old(366)

    retention.remove_old()

    assert list(AuditEntry.objects.all()) == [kept]


def test_the_setting_says_how_long_they_are_kept(db: None) -> None:
    RetentionSettings.objects.create(audit_days=10)
    kept, _ = old(9), old(11)

    retention.remove_old()

    assert list(AuditEntry.objects.all()) == [kept]


def test_they_are_removed_in_batches(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "BATCH", 2)
    monkeypatch.setattr(removal, "MOST_BATCHES", 2)
    for _ in range(5):
        old(400)

    retention.remove_old()
    assert AuditEntry.objects.count() == 1

    retention.remove_old()
    assert not AuditEntry.objects.exists()
