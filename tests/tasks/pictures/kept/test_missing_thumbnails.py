from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts.models.events import AuditEntry
from mjproxy.lib.process import event_loop
from tasks.cleanup.removal import remove_files_of
from tasks.enums import Place, StorageKind, Thumbnails
from tasks.models import KeptFile, StorageSettings, Task
from tasks.pictures import store
from tasks.pictures.kept import files, places, settling
from tasks.snapshots import storage_settings
from tests.buckets import names, use_bucket, work
from tests.factories import make_finished, make_user
from tests.pictures import picture

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/admin/tasks/storagesettings/now/"
PNG = picture((700, 350))


def want_thumbnails(wanted: bool) -> None:
    row = StorageSettings.get_solo()
    row.thumbnails = wanted
    row.save()
    storage_settings.forget()


def kept_without(body: bytes = PNG, kind: str = "image/png") -> Task:
    want_thumbnails(False)
    task = make_finished(make_user(), picture_source="https://cdn.discordapp.com/a")
    store.store(task, kind, body)
    work()
    want_thumbnails(True)
    return task


def local(root: Path) -> set[str]:
    found = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix() for path in found}


def all_names(task: Task) -> set[str]:
    return {task.picture_file, *files.thumbnail_names(task.picture_file)}


def test_old_files_get_theirs(tmp_path: Path) -> None:
    tasks = [kept_without(PNG + bytes([n])) for n in range(3)]
    video = kept_without(b"\0\0\0\x18ftypmp42", "video/mp4")
    assert local(tmp_path) == {task.picture_file for task in (*tasks, video)}

    assert files.make_missing_thumbnails() == 3
    assert files.counts()["small_due"] == 3
    work()

    wanted = set().union(*map(all_names, tasks))
    assert local(tmp_path) == {*wanted, video.picture_file}
    counts = files.counts()
    assert (counts["small_due"], counts["small_missing"]) == (0, 0)
    assert files.due_files() == []
    assert files.make_missing_thumbnails() == 0


def test_what_lies_in_the_bucket_gets_them_there(
    service: str, bucket: Any, tmp_path: Path
) -> None:
    use_bucket(service)
    task = kept_without()
    assert names(bucket) == {f"mj/{task.picture_file}"}

    files.make_missing_thumbnails()
    work()

    assert names(bucket) == {f"mj/{name}" for name in all_names(task)}
    small = bucket.Object(f"mj/{files.thumbnail_name(task.picture_file, 320)}").get()
    assert small["ContentType"] == "image/webp"
    assert small["Body"].read()[8:12] == b"WEBP"
    assert local(tmp_path) == set()
    file = KeptFile.objects.get()
    assert (file.thumbnails, file.is_settled) == (Thumbnails.MADE, True)


def test_other_bytes_in_the_bucket_have_no_thumbnails(
    service: str, bucket: Any, tmp_path: Path
) -> None:
    use_bucket(service)
    task = kept_without()
    bucket.Object(f"mj/{task.picture_file}").put(Body=picture((700, 350), "blue"))

    files.make_missing_thumbnails()
    work()

    file = KeptFile.objects.get()
    assert (file.error, file.thumbnails) == (settling.OTHER_BYTES, Thumbnails.DUE)
    assert names(bucket) == {f"mj/{task.picture_file}"}
    assert local(tmp_path) == set()


@pytest.mark.parametrize(
    ("place", "wanted"),
    [
        (Place.LOCAL, StorageKind.BUCKET),
        (Place.BOTH, StorageKind.BUCKET),
        (Place.BOTH, StorageKind.LOCAL),
        (Place.BUCKET, StorageKind.LOCAL),
    ],
)
def test_they_are_made_where_a_moving_file_ends(
    service: str, bucket: Any, tmp_path: Path, place: Place, wanted: StorageKind
) -> None:
    task = kept_without()
    row = use_bucket(service)
    path = places.local_path(task.picture_file)
    if place != Place.LOCAL:
        places.put(places.bucket(row), task.picture_file, path)
    if place == Place.BUCKET:
        path.unlink()
    KeptFile.objects.update(place=place, wanted=wanted, is_settled=False)

    files.make_missing_thumbnails()
    work()

    in_bucket = {f"mj/{name}" for name in all_names(task)}
    is_bucket = wanted == StorageKind.BUCKET
    assert names(bucket) == (in_bucket if is_bucket else set())
    assert local(tmp_path) == (set() if is_bucket else all_names(task))
    file = KeptFile.objects.get()
    assert (file.thumbnails, file.is_settled) == (Thumbnails.MADE, True)


def test_another_goes_on_where_a_killed_worker_left_it(tmp_path: Path) -> None:
    task = kept_without()
    files.make_missing_thumbnails()
    file = files.taken(KeptFile.objects.get().pk)
    assert file
    work()
    assert local(tmp_path) == {task.picture_file}

    KeptFile.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    work()

    assert local(tmp_path) == all_names(task)


def test_work_under_way_does_not_settle_what_was_asked_for_meanwhile(
    tmp_path: Path,
) -> None:
    task = kept_without()
    KeptFile.objects.update(is_settled=False)
    file = files.taken(KeptFile.objects.get().pk)
    assert file

    files.make_missing_thumbnails()
    assert files.taken(file.pk) is None
    assert not files.settled(file)
    files.leave(file)
    work()

    assert local(tmp_path) == all_names(task)


def test_switching_them_off_ends_the_work(tmp_path: Path) -> None:
    task = kept_without()
    files.make_missing_thumbnails()

    want_thumbnails(False)
    work()

    assert local(tmp_path) == {task.picture_file}
    file = KeptFile.objects.get()
    assert (file.thumbnails, file.is_settled) == (Thumbnails.NONE, True)


def test_what_cannot_be_decoded_is_asked_once(tmp_path: Path) -> None:
    kept_without(b"no picture")

    assert files.make_missing_thumbnails() == 1
    work()

    assert files.make_missing_thumbnails() == 0
    assert KeptFile.objects.get().thumbnails == Thumbnails.IMPOSSIBLE


def test_a_file_that_is_lost_is_said(tmp_path: Path) -> None:
    task = kept_without()
    (tmp_path / task.picture_file).unlink()

    files.make_missing_thumbnails()
    work()

    assert "not where it should be" in files.counts()["error"]


def test_a_file_that_is_removed_meanwhile_leaves_nothing(
    service: str, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_bucket(service)
    task = kept_without()
    files.make_missing_thumbnails()
    put = places.put

    def removed_first(*args: Any) -> None:
        KeptFile.objects.update(uses=0, is_removed=True, is_settled=False)
        connections.close_all()  # of this thread, which has none otherwise
        put(*args)

    monkeypatch.setattr(places, "put", removed_first)
    event_loop.run(settling.settle(KeptFile.objects.get().pk))
    remove_files_of(task.owner_id)
    work()

    assert names(bucket) == set()
    assert local(tmp_path) == set()
    assert not KeptFile.objects.exists()


def test_the_page_begins_it_and_shows_what_is_left(admin: Client) -> None:
    kept_without()
    assert "Pictures without thumbnails: 1." in " ".join(
        admin.get(PAGE).content.decode().split()
    ).replace("</b>", "")

    begun = admin.post(PAGE, {"deed": "thumbnails"}, follow=True).content.decode()

    assert "Thumbnails of 1 file(s) are made." in begun
    assert '<b data-testid="small-due">1</b>' in begun
    assert AuditEntry.objects.order_by("-pk")[0].action == "make thumbnails"


def test_the_page_makes_none_that_are_not_wanted(admin: Client) -> None:
    kept_without()
    want_thumbnails(False)

    page = admin.post(PAGE, {"deed": "thumbnails"}, follow=True).content.decode()

    assert "Nothing was done" in page
    assert KeptFile.objects.get().is_settled
