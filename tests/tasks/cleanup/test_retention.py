from __future__ import annotations

import os
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import DiscordAccount, RetentionSettings, User, UserGroup
from mjproxy.lib.db import removal
from mjproxy.lib.ids import first_task_id_of
from tasks import jobs
from tasks.cleanup import retention
from tasks.enums import DeliveryState, ErrandKind, InputRole, TaskStatus
from tasks.models import (
    Errand,
    InputPicture,
    Task,
    WebhookDelivery,
)
from tasks.pictures import store
from tests.conftest import ApiClient
from tests.factories import make_account, make_finished, make_task, make_user

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


def going() -> dict[str, int]:
    """Return how much of each lot would go; lots of nothing are left out."""
    return {lot.name: lot.count() for lot in retention.all_lots() if lot.count()}


def removed(name: str) -> int:
    """Remove one lot, which had said before how many would go."""
    (lot,) = (lot for lot in retention.lots() if lot.name == name)
    said = lot.count()
    done = lot.remove()
    assert said == done
    return done


def test_old_tasks_go_with_their_pictures(alice: User, tmp_path: Path) -> None:
    RetentionSettings.objects.create(task_days=7)
    old, young = make_old(alice, 8), make_old(alice, 6)
    for task in (old, young):
        store.store(task, "image/png", str(task.pk).encode())
    child = make_task(alice, parent=old)
    WebhookDelivery.objects.create(
        task=old, owner=old.owner, revision=1, url="http://x/", body="{}"
    )

    retention.remove_old()

    assert set(Task.objects.all()) == {young, child}
    child.refresh_from_db()
    assert child.parent is None
    assert not WebhookDelivery.objects.exists()
    assert not store.kept_path(old)
    kept = store.kept_path(young)
    assert list(tmp_path.rglob("*.png")) == [kept]


def test_old_tasks_go_with_what_they_brought_and_what_was_asked_of_them(
    alice: User, account: DiscordAccount
) -> None:
    RetentionSettings.objects.create(task_days=7)
    old = make_old(alice, 8)
    errand = {"owner": alice, "account": account, "kind": ErrandKind.SEED}
    Errand.objects.create(task=old, **errand)
    InputPicture.objects.create(task=old, role=InputRole.PROMPT)

    retention.remove_old()

    assert not Errand.objects.exists()
    assert not InputPicture.objects.exists()


def test_open_tasks_stay_however_old(alice: User) -> None:
    RetentionSettings.objects.create(task_days=1)
    make_old(alice, 9, TaskStatus.SUBMITTED)
    late = make_old(alice, 9)
    Task.objects.filter(pk=late.pk).update(finished_at=timezone.now())

    assert removed("tasks by age") == 0


def test_no_task_goes_unless_the_operator_says_so(alice: User) -> None:
    make_old(alice, 4000)

    retention.remove_old()

    assert Task.objects.count() == 1


def test_many_go_in_batches(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "BATCH", 2)
    RetentionSettings.objects.create(task_days=1)
    for _ in range(5):
        make_old(alice, 2)

    assert removed("tasks by age") == 5


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

    assert removed("webhook calls") == 3

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


# --- by number ------------------------------------------------------------------------


def test_of_too_many_tasks_the_oldest_go(alice: User) -> None:
    RetentionSettings.objects.create(task_count=2)
    kept = [make_old(alice, days) for days in (3, 4)]
    make_old(alice, 5)
    make_old(alice, 6)

    assert removed("tasks over the number") == 2

    assert set(Task.objects.all()) == set(kept)
    assert removed("tasks over the number") == 0


def test_open_fresh_and_untold_tasks_stay_over_the_number(alice: User) -> None:
    RetentionSettings.objects.create(task_count=1)
    make_old(alice, 5, TaskStatus.IN_PROGRESS)
    fresh, untold = make_old(alice, 4), make_old(alice, 3)
    Task.objects.filter(pk=fresh.pk).update(finished_at=ago(minutes=59))
    Task.objects.filter(pk=untold.pk).update(hook_due_at=timezone.now())
    make_task(alice)

    assert removed("tasks over the number") == 0


def test_fewer_tasks_than_the_number_stay(alice: User) -> None:
    RetentionSettings.objects.create(task_count=5)
    make_old(alice, 5)

    assert removed("tasks over the number") == 0


# --- by group -------------------------------------------------------------------------


def test_a_group_has_days_of_its_own(alice: User, bob: User) -> None:
    RetentionSettings.objects.create(task_days=10)
    carol = make_user("carol")
    short = UserGroup.objects.create(name="short", keep_tasks_days=2)
    long = UserGroup.objects.create(name="long", keep_tasks_days=0)
    plain = UserGroup.objects.create(name="plain")
    for user, group in ((alice, short), (bob, long), (carol, plain)):
        User.objects.filter(pk=user.pk).update(group=group)
    loner = make_user("dora")
    for user in (alice, bob, carol, loner):
        make_old(user, 3)
        make_old(user, 11)

    assert going() == {"tasks of the group short": 2, "tasks by age": 2}
    retention.remove_old()

    owners = sorted(Task.objects.values_list("owner__username", flat=True))
    assert owners == ["bob", "bob", "carol", "dora"]


# --- pictures and previews ------------------------------------------------------------


def test_pictures_go_before_their_tasks(
    alice: User, api: ApiClient, tmp_path: Path
) -> None:
    RetentionSettings.objects.create(picture_days=7)
    old, young = make_old(alice, 8), make_old(alice, 6)
    for task in (old, young):
        Task.objects.filter(pk=task.pk).update(picture_source="https://cdn/x.png")
        store.store(task, "image/png", str(task.pk).encode())

    assert removed("pictures by age") == 1

    links = [
        api.get(f"/mj/task/{task.pk}/fetch").json()["imageUrl"] for task in (old, young)
    ]
    assert (links[0], bool(links[1])) == (None, True)
    kept = [path.read_bytes() for path in tmp_path.rglob("*.png")]
    assert kept == [str(young.pk).encode()]
    assert removed("pictures by age") == 0


def test_a_group_keeps_its_pictures_as_long_as_it_says(alice: User) -> None:
    group = UserGroup.objects.create(name="short", keep_pictures_days=1)
    User.objects.filter(pk=alice.pk).update(group=group)
    task = make_old(alice, 2)
    Task.objects.filter(pk=task.pk).update(picture_source="https://cdn/x.png")

    assert going() == {"pictures of the group short": 1}


def test_previews_are_kept_as_long_as_the_settings_say(
    db: None, tmp_path: Path
) -> None:
    RetentionSettings.objects.create(preview_hours=3)
    folder = tmp_path / ".previews"
    folder.mkdir()
    for hours in (2, 4):
        path = folder / f"{hours}.webp"
        path.write_bytes(b"preview")
        os.utime(path, (ago(hours=hours).timestamp(),) * 2)

    assert removed("previews") == 1

    assert [path.name for path in folder.iterdir()] == ["2.webp"]


# --- what would go --------------------------------------------------------------------


def test_a_dry_run_removes_nothing(alice: User) -> None:
    RetentionSettings.objects.create(task_days=7)
    make_old(alice, 8)
    before = StringIO()
    after = StringIO()

    call_command("retention", "--dry-run", stdout=before)
    assert Task.objects.count() == 1
    call_command("retention", stdout=after)

    assert "1 tasks by age" in before.getvalue()
    assert "Nothing was removed." in before.getvalue()
    assert "They are removed." in after.getvalue()
    assert not Task.objects.exists()


def test_the_admin_shows_what_would_go(admin: Client, alice: User) -> None:
    RetentionSettings.objects.create(task_days=7)
    make_old(alice, 8)
    UserGroup.objects.create(name="<b>x</b>", keep_tasks_days=1)
    address = "/admin/accounts/retentionsettings/"

    page = admin.get(f"{address}now/")

    assert ("tasks by age", 1) in page.context["lots"]
    assert "<b>x</b>" not in page.content.decode()
    assert f"{address}now/" in admin.get(address).content.decode()
    assert Task.objects.count() == 1


def test_only_operators_see_what_would_go(alice: User) -> None:
    client = Client()
    client.force_login(alice)

    page = client.get("/admin/accounts/retentionsettings/now/")

    assert page.status_code in (302, 403)
