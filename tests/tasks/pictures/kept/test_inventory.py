from __future__ import annotations

import os
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models.events import AuditEntry
from tasks.enums import Place, StorageKind
from tasks.models import KeptFile, Task
from tasks.pictures import store
from tasks.pictures.kept import files, inventory
from tasks.pictures.kept.failures import NotUsable
from tests.buckets import names, use_bucket, work
from tests.factories import make_finished, make_user
from tests.pictures import picture

pytestmark = pytest.mark.django_db(transaction=True)

PNG = picture((700, 350))
STRAY = f"ab/ab{'0' * 62}"


def drawn(body: bytes = PNG) -> Task:
    task = make_finished(make_user(), picture_source="https://cdn.discordapp.com/a")
    store.store(task, "image/png", body)
    return task


def put(bucket: Any, *keys: str) -> None:
    for key in keys:
        bucket.Object(key).put(Body=b"left")


def left(root: Path, name: str, *, days: float) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"left")
    at = (timezone.now() - timedelta(days=days)).timestamp()
    os.utime(path, (at, at))
    return path


def checked(**options: Any) -> str:
    out = StringIO()
    call_command("check_pictures", stdout=out, **options)
    return out.getvalue()


def test_strays_of_the_bucket_are_listed_and_removed_when_asked(
    service: str, bucket: Any
) -> None:
    use_bucket(service)
    task = drawn()
    work()
    own = names(bucket)
    put(bucket, f"mj/{STRAY}.png", f"mj/{STRAY}-320.webp")

    with time_machine.travel(timezone.now() + timedelta(days=2)):
        said = checked()
        assert f"bucket {STRAY}.png" in said
        assert "2 file(s) without a row" in said
        assert task.picture_file not in said
        assert f"mj/{STRAY}.png" in names(bucket)

        assert "of 1 picture(s)" in checked(remove=True)
        work()

    assert names(bucket) == own
    assert [file.name for file in KeptFile.objects.all()] == [task.picture_file]
    assert "remove strays" in AuditEntry.objects.values_list("action", flat=True)


def test_young_objects_stay(service: str, bucket: Any, tmp_path: Path) -> None:
    use_bucket(service)
    put(bucket, f"mj/{STRAY}.png")
    path = left(tmp_path, f"{STRAY}.png", days=0.5)

    assert "0 file(s) without a row" in checked(remove=True)
    work()

    assert names(bucket) == {f"mj/{STRAY}.png"}
    assert path.is_file()


@pytest.mark.parametrize(
    "key",
    [
        "other/file.png",
        f"{STRAY}.png",  # outside the prefix
        "mj/readme.txt",
        f"mj/deeper/{STRAY}.png",
        f"mj/cd/ab{'0' * 62}.png",
        f"mj/{STRAY}-99.webp",
        f"mj2/{STRAY}.png",
        f"mj/../{STRAY}.png",
    ],
)
def test_what_is_not_ours_is_left_alone(service: str, bucket: Any, key: str) -> None:
    use_bucket(service)
    put(bucket, key)

    with time_machine.travel(timezone.now() + timedelta(days=2)):
        assert "0 file(s) without a row" in checked(remove=True)
        work()

    assert names(bucket) == {key}


def test_a_bucket_without_a_prefix_is_listed(service: str, bucket: Any) -> None:
    row = use_bucket(service, prefix="")
    put(bucket, f"{STRAY}.png", "else.txt")

    assert set(inventory.in_bucket(row)) == {f"{STRAY}.png"}


def test_strays_of_the_data_folder_are_removed(tmp_path: Path) -> None:
    task = drawn()
    work()
    stray = left(tmp_path, f"{STRAY}.jpg", days=2)
    small = left(tmp_path, f"{STRAY}-640.webp", days=2)
    other = left(tmp_path, "notes.txt", days=2)
    for path in tmp_path.glob(f"{task.picture_file[:2]}/*"):
        left(tmp_path, path.relative_to(tmp_path).as_posix(), days=2)

    assert "2 file(s) without a row" in checked(remove=True)
    work()

    assert not stray.exists()
    assert not small.exists()
    assert other.is_file()
    assert store.kept_path(task)


def test_a_stray_at_both_places_leaves_both(
    service: str, bucket: Any, tmp_path: Path
) -> None:
    use_bucket(service)
    put(bucket, f"mj/{STRAY}.png")
    path = left(tmp_path, f"{STRAY}.png", days=2)

    with time_machine.travel(timezone.now() + timedelta(days=2)):
        assert "of 1 picture(s)" in checked(remove=True)
        work()

    assert names(bucket) == set()
    assert not path.exists()
    assert not KeptFile.objects.exists()


def test_a_picture_that_is_drawn_meanwhile_is_no_stray(
    service: str, bucket: Any
) -> None:
    use_bucket(service)
    name = files.name_of("ab" + "0" * 62, "png")
    put(bucket, f"mj/{name}")
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        found = inventory.differences()
    KeptFile.objects.create(name=name, uses=1)

    assert found.count == 1
    assert inventory.remove_strays(found) == 0
    assert KeptFile.objects.get().is_removed is False


@pytest.mark.parametrize("place", ["bucket", "local"])
def test_rows_without_their_object_are_reported(
    service: str, bucket: Any, tmp_path: Path, place: str
) -> None:
    use_bucket(service)
    task, other = drawn(), drawn(PNG + b"2")
    if place == "bucket":
        work()
        bucket.Object(f"mj/{task.picture_file}").delete()
    else:
        (tmp_path / task.picture_file).unlink()
    out = StringIO()

    with pytest.raises(CommandError, match="1 kept picture"):
        call_command("check_pictures", stdout=out)

    assert f"missing: {task.picture_file}" in out.getvalue()
    assert other.picture_file not in out.getvalue()
    assert KeptFile.objects.count() == 2


def test_a_file_that_moves_during_the_listing_is_not_missing(
    service: str, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_bucket(service)
    drawn()
    listed = inventory.in_bucket

    def then_moved(*args: Any) -> inventory.Found:
        found = listed(*args)
        work()
        return found

    monkeypatch.setattr(inventory, "in_bucket", then_moved)

    assert inventory.differences().missing == []
    assert KeptFile.objects.get().place == Place.BUCKET


def test_a_bucket_that_cannot_be_listed_ends_the_check(
    service: str, bucket: Any
) -> None:
    use_bucket(service)
    drawn()
    work()
    use_bucket("http://127.0.0.1:1")

    with pytest.raises(CommandError, match="cannot be reached"):
        checked(remove=True)

    with pytest.raises(NotUsable):
        inventory.differences()
    assert KeptFile.objects.get().is_removed is False


def test_without_a_bucket_none_is_asked() -> None:
    drawn()

    found = inventory.differences()

    assert set(found.strays) == {StorageKind.LOCAL}
    assert (found.count, found.missing, found.checked) == (0, [], 1)
