from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import DiscordAccount, User
from mjproxy.lib.ids import first_task_id_of
from tasks import jobs
from tasks.cleanup import retention
from tasks.enums import DeliveryState, ErrandKind, InputRole, TaskStatus
from tasks.models import (
    DrawingSettings,
    Errand,
    InputPicture,
    Task,
    WebhookDelivery,
)
from tasks.pictures import store
from tests.factories import make_account, make_finished, make_task

S = DeliveryState


@pytest.fixture(autouse=True)
def _folder(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def ago(**parts: int) -> datetime:
    return timezone.now() - timedelta(**parts)


def make_old(owner: User, days: int, status: TaskStatus = TaskStatus.SUCCESS) -> Task:
    moment = ago(days=days)
    return make_finished(
        owner,
        id=first_task_id_of(moment) + Task.objects.count(),
        submitted_at=moment,
        finished_at=moment,
        status=status,
    )


def test_old_tasks_go_with_their_pictures(alice: User, tmp_path: Path) -> None:
    DrawingSettings.objects.create(keep_tasks_days=7)
    old, young = make_old(alice, 8), make_old(alice, 6)
    for task in (old, young):
        store.store(task.pk, "image/png", b"bytes")
    child = make_task(alice, parent=old)
    WebhookDelivery.objects.create(
        task=old, owner=old.owner, revision=1, url="http://x/", body="{}"
    )

    retention.remove_old()

    assert set(Task.objects.all()) == {young, child}
    child.refresh_from_db()
    assert child.parent is None
    assert not WebhookDelivery.objects.exists()
    kept = [path.name for path in tmp_path.rglob("*.png")]
    assert kept == [f"{young.pk}-{young.picture_key}.png"]


def test_old_tasks_go_with_what_they_brought_and_what_was_asked_of_them(
    alice: User, account: DiscordAccount
) -> None:
    DrawingSettings.objects.create(keep_tasks_days=7)
    old = make_old(alice, 8)
    errand = {"owner": alice, "account": account, "kind": ErrandKind.SEED}
    Errand.objects.create(task=old, **errand)
    InputPicture.objects.create(task=old, role=InputRole.PROMPT)

    retention.remove_old()

    assert not Errand.objects.exists()
    assert not InputPicture.objects.exists()


def test_open_tasks_stay_however_old(alice: User) -> None:
    DrawingSettings.objects.create(keep_tasks_days=1)
    make_old(alice, 9, TaskStatus.SUBMITTED)
    late = make_old(alice, 9)
    Task.objects.filter(pk=late.pk).update(finished_at=timezone.now())

    assert retention.remove_old_tasks() == 0


def test_no_task_goes_unless_the_operator_says_so(alice: User) -> None:
    make_old(alice, 4000)

    assert retention.remove_old_tasks() == 0


def test_many_go_in_batches(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    DrawingSettings.objects.create(keep_tasks_days=1)
    for _ in range(5):
        make_old(alice, 2)

    assert retention.remove_old_tasks() == 5


def test_settled_deliveries_go_after_a_month(alice: User) -> None:
    task = make_task(alice)
    for state in S:
        for days in (29, 31):
            WebhookDelivery.objects.create(
                task=task,
                owner=task.owner,
                revision=days,
                url="http://x/",
                body="{}",
                state=state,
                created_at=ago(days=days),
            )

    assert retention.remove_old_deliveries() == 3

    left = WebhookDelivery.objects.filter(revision=31)
    assert [row.state for row in left] == [S.WAITING]


def test_errands_go_when_nobody_waits_any_more(alice: User) -> None:
    account = make_account()
    kept, old = (
        Errand.objects.create(kind=ErrandKind.SEED, owner=alice, account=account)
        for _ in range(2)
    )
    Errand.objects.filter(pk=old.pk).update(created_at=ago(days=2))

    jobs.remove_old()

    assert list(Errand.objects.all()) == [kept]


def test_brought_pictures_without_a_row_go(alice: User, tmp_path: Path) -> None:
    file = store.write_input(b"picture", "image/png")
    old = tmp_path / ".inputs" / "2020-01-01" / "x.png"
    old.parent.mkdir()
    old.write_bytes(b"picture")
    os.utime(old, (0, 0))

    retention.remove_old()

    assert store.read_input(file) == b"picture"
    assert not old.parent.exists()
