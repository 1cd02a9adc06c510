"""A backup of pictures in a bucket is restored elsewhere, by the commands."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from mjproxy.backups.archive import verify
from tests.mjproxy.backups.installation import Installation

pytestmark = [pytest.mark.timeout(240), pytest.mark.database]

PASSPHRASE = "correct horse battery"
DRAWN = """
from tasks.models import KeptFile
from tasks.pictures import store
from tests import buckets
from tests.factories import make_finished, make_user
from tests.pictures import picture

buckets.use_bucket({service!r})
bob = make_user("bob")
for size in (400, 500):
    task = make_finished(bob, message_id=str(size))
    store.store(task, "image/png", picture((size, 200)))
buckets.work()
assert set(KeptFile.objects.values_list("place", flat=True)) == {{"bucket"}}
for name in sorted(KeptFile.objects.values_list("name", flat=True)):
    print(name)
"""
WORKED = """
from tasks.models import KeptFile
from tests import buckets
buckets.work()
for place, done, error in KeptFile.objects.values_list("place", "is_settled", "error"):
    assert (place, done, error) == ("bucket", True, ""), (place, done, error)
"""
POINTED = """
from tests import buckets
buckets.use_bucket({service!r})
"""


@pytest.fixture
def drawn(installation: Installation, service: str, bucket: Any) -> list[str]:
    """The names of two pictures that lie in the bucket."""
    return installation.python(DRAWN.format(service=service)).split()


@pytest.fixture
def word(tmp_path: Path) -> list[str]:
    file = tmp_path / "passphrase"
    file.write_text(PASSPHRASE)
    return ["--secrets", "--passphrase-file", str(file)]


def bodies(bucket: Any) -> dict[str, bytes]:
    found = bucket.objects.all()
    return {each.key: each.get()["Body"].read() for each in found}


def test_a_fresh_data_folder_finds_the_pictures_in_the_bucket(
    installation: Installation, drawn: list[str], tmp_path: Path, word: list[str]
) -> None:
    file, before = tmp_path / "backup.tar", installation.content()
    told = installation.manage("backup", str(file), "--pictures", *word)
    shutil.rmtree(installation.data)

    said = installation.done("restore", str(file), *word)

    assert b"2 picture(s) lie in the bucket: all are there." in told.stderr
    assert verify(file).pictures == []
    assert "2 picture(s) lie in the bucket: all are there." in said
    assert installation.content() == before
    assert "0 missing, 0 file(s)" in installation.done("check_pictures")


def test_what_the_bucket_has_lost_is_said_by_both(
    installation: Installation, drawn: list[str], bucket: Any, tmp_path: Path
) -> None:
    file = tmp_path / "backup.tar"
    bucket.Object(f"mj/{drawn[0]}").delete()

    told = installation.manage("backup", str(file))
    said = installation.done("restore", str(file))

    line = f"2 picture(s) lie in the bucket, 1 of them are missing: {drawn[0]}."
    assert line in told.stderr.decode()
    assert told.returncode == 0
    assert line in said


def test_a_bucket_that_is_away_hinders_no_restore(
    installation: Installation, drawn: list[str], tmp_path: Path
) -> None:
    installation.python(POINTED.format(service="http://127.0.0.1:1"))
    file, before = tmp_path / "backup.tar", installation.content()

    told = installation.manage("backup", str(file))
    said = installation.done("restore", str(file))

    line = "which cannot be listed now: The service cannot be reached."
    assert line in told.stderr.decode()
    assert line in said
    assert installation.content() == before


def test_fetched_pictures_fill_an_empty_bucket(
    installation: Installation,
    drawn: list[str],
    bucket: Any,
    tmp_path: Path,
    word: list[str],
) -> None:
    file, before = tmp_path / "backup.tar", bodies(bucket)
    installation.done("backup", str(file), "--bucket", *word)
    shutil.rmtree(installation.data)
    bucket.objects.all().delete()

    said = installation.done("restore", str(file), *word)

    assert "2 picture(s) are back." in said
    assert "0 missing" in installation.done("check_pictures")
    pictures = installation.data / "pictures"
    assert all((pictures / name).is_file() for name in drawn)
    installation.python(WORKED)
    assert bodies(bucket) == before
    assert not any((pictures / name).exists() for name in drawn)


def test_pictures_that_are_at_no_place_are_said(
    installation: Installation, drawn: list[str], tmp_path: Path
) -> None:
    installation.sql("UPDATE tasks_keptfile SET place = 'local'")
    file = tmp_path / "backup.tar"
    installation.done("backup", str(file))

    said = installation.done("restore", str(file))

    assert "2 picture(s) are neither in the backup nor in the data folder" in said


def test_the_pictures_go_to_another_kind_of_database_and_back(
    installation: Installation, drawn: list[str], bucket: Any, tmp_path: Path
) -> None:
    if installation.is_sqlite:
        pytest.skip("both ends are SQLite here")
    other = Installation(tmp_path / "other")
    out, back = tmp_path / "out.tar", tmp_path / "back.tar"
    shutil.copytree(installation.data / "secrets", other.data / "secrets")
    before = bodies(bucket)

    installation.done("backup", str(out), "--bucket")
    other.done("restore", str(out))
    other.python(WORKED)
    other.done("backup", str(back), "--pictures", "--bucket")
    bucket.objects.all().delete()
    said = installation.done("restore", str(back))
    installation.python(WORKED)

    assert "2 picture(s) are back." in said
    assert bodies(bucket) == before
    assert "0 missing, 0 file(s)" in installation.done("check_pictures")


@pytest.mark.parametrize("where", ["picture", "rows", "end"])
def test_a_damaged_file_changes_nothing(
    installation: Installation,
    drawn: list[str],
    bucket: Any,
    tmp_path: Path,
    where: str,
) -> None:
    file, damaged = tmp_path / "backup.tar", tmp_path / "damaged.tar"
    installation.done("backup", str(file), "--bucket")
    data = bytearray(file.read_bytes())
    if where == "end":
        del data[-20_000:]
    else:
        start = f"pictures/{drawn[0]}" if where == "picture" else "rows/tasks.task"
        data[data.index(start.encode()) + 512 + 40] ^= 1
    damaged.write_bytes(data)
    content, before = installation.content(), bodies(bucket)

    line = installation.refused("restore", str(damaged))

    words = ("checksum of a member differs", "incomplete", "damaged")
    assert any(each in line for each in words)
    assert installation.content() == content
    assert bodies(bucket) == before
    left = {path.name for path in installation.data.iterdir()}
    assert not any(name.startswith((".restore", "pictures.before")) for name in left)
