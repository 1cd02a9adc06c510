from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from mjproxy.backups import rows
from mjproxy.backups.archive import unpack_pictures, verify
from tasks.models import KeptFile, Task
from tasks.pictures import store
from tests import buckets
from tests.factories import make_finished, make_user
from tests.pictures import picture

pytestmark = pytest.mark.django_db(transaction=True)
PNG = picture((400, 200))


@pytest.fixture
def bucket(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    # The database of a test has no second connection; `test_roundtrip.py` reads rows.
    monkeypatch.setattr(rows, "dump", lambda folder: ({}, []))
    settings.MEDIA_ROOT = tmp_path / "pictures"
    with buckets.serving() as service, buckets.made_bucket(service) as made:
        buckets.use_bucket(service)
        yield made
    buckets.forget_clients()


@pytest.fixture
def stored(bucket: Any) -> Task:
    """A task whose picture lies in the bucket."""
    task = make_finished(make_user(), picture_source="https://cdn.discordapp.com/a")
    store.store(task, "image/png", PNG)
    buckets.work()
    assert KeptFile.objects.get().place == "bucket"
    return task


def test_pictures_of_the_bucket_are_named_and_not_fetched(
    stored: Task, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "backup.tar"

    call_command("backup", str(file), pictures=True)

    assert verify(file).pictures == []
    assert "1 picture(s) lie in the bucket" in capsys.readouterr().err


def test_they_are_fetched_if_that_is_wanted(
    stored: Task, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "backup.tar"

    call_command("backup", str(file), pictures=True, bucket=True)

    assert verify(file).pictures == [f"pictures/{stored.picture_file}"]
    assert unpack_pictures(file, tmp_path / "back") == 1
    assert (tmp_path / "back" / stored.picture_file).read_bytes() == PNG
    err = capsys.readouterr().err
    assert "1 picture(s) lie in the bucket: all are there." in err
    assert "not in the file" not in err


def test_other_bytes_in_the_bucket_end_the_backup(
    stored: Task, bucket: Any, tmp_path: Path
) -> None:
    file = tmp_path / "backup.tar"
    bucket.Object(f"mj/{stored.picture_file}").put(Body=b"other")

    with pytest.raises(CommandError, match="other bytes"):
        call_command("backup", str(file), bucket=True)

    assert not file.exists()


def test_a_bucket_that_is_away_ends_the_backup(stored: Task, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    buckets.use_bucket("http://127.0.0.1:1")

    with pytest.raises(CommandError, match="cannot be reached"):
        call_command("backup", str(file), bucket=True)

    assert not file.exists()
