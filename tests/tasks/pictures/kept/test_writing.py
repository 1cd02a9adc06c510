from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from mjproxy.lib.process import event_loop
from tasks.enums import Place, Thumbnails
from tasks.models import KeptFile, StorageSettings, Task
from tasks.pictures import cdn, store
from tasks.pictures.kept import files, writing
from tasks.snapshots import storage_settings
from tests.buckets import names, use_bucket, work
from tests.factories import make_finished, make_user
from tests.http_server import Server, always, serving
from tests.pictures import bomb, picture

pytestmark = pytest.mark.django_db(transaction=True)

PNG = picture((700, 350))
SOURCE = "https://cdn.discordapp.com/attachments/1/2/a.png?ex=1"


@pytest.fixture
def server(settings: Settings) -> Iterator[Server]:
    with serving(always(body=PNG, content_type="image/png")) as server:
        settings.DISCORD = settings.DISCORD | {"cdn": server.origin}
        yield server


def keep() -> Task:
    task = make_finished(make_user(), picture_source=SOURCE)
    event_loop.run(cdn.keep(task.pk))
    task.refresh_from_db()
    return task


def written(tmp_path: Path, body: bytes = PNG, kind: str = "image/png") -> Any:
    found = tmp_path / "found"
    found.write_bytes(body)
    row = StorageSettings.get_solo()
    return writing.write(found, kind, row, at_once=True), found


def all_names(name: str) -> set[str]:
    return {name, *(files.thumbnail_name(name, size) for size in files.SIZES)}


def kept(root: Path) -> set[str]:
    found = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if len(path.parts[0]) == 2}


def test_a_picture_and_its_thumbnails_are_kept_by_one_job(
    server: Server, tmp_path: Path
) -> None:
    task = keep()

    assert kept(tmp_path) == all_names(task.picture_file)
    file = KeptFile.objects.get()
    assert (file.thumbnails, file.is_settled) == (Thumbnails.MADE, True)
    assert files.due_files() == []
    assert list((tmp_path / ".drafts").iterdir()) == []


def test_a_new_picture_takes_three_statements(server: Server, tmp_path: Path) -> None:
    task = make_finished(make_user(), picture_source=SOURCE)
    file, found = written(tmp_path)

    with CaptureQueriesContext(connection) as done:
        due = store.due_picture(task.pk)
        assert due
        store.note(due, file, "image/png", found)

    tables = Task._meta.db_table, KeptFile._meta.db_table
    told = [sql["sql"] for sql in done if any(t in sql["sql"] for t in tables)]
    assert [sql.split()[0] for sql in told] == ["SELECT", "INSERT", "UPDATE"]


def test_the_same_picture_is_counted_and_decoded_once(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = keep()
    monkeypatch.setattr(writing, "thumbnails", None)

    second = keep()

    assert first.picture_file == second.picture_file
    assert KeptFile.objects.get().uses == 2


def test_a_row_whose_files_are_elsewhere_is_counted(tmp_path: Path) -> None:
    file, found = written(tmp_path)
    KeptFile.objects.create(name=file.name, uses=1, place=Place.BUCKET)
    task = make_finished(make_user(), picture_source=SOURCE)

    assert file.is_new
    store.note(task, file, "image/png", found)

    assert KeptFile.objects.get().uses == 2


def test_a_worker_killed_before_the_rows_loses_nothing(
    server: Server, tmp_path: Path
) -> None:
    written(tmp_path)
    assert not KeptFile.objects.exists()

    task = keep()

    assert kept(tmp_path) == all_names(task.picture_file)
    file = KeptFile.objects.get()
    assert (file.uses, file.thumbnails, file.is_settled) == (1, Thumbnails.MADE, True)


def test_what_a_removal_took_meanwhile_is_written_again(tmp_path: Path) -> None:
    """The files were there when they were looked for, and the removal ended after."""
    task = make_finished(make_user(), picture_source=SOURCE)
    file, found = written(tmp_path)
    for name in all_names(file.name) - {file.name}:
        (tmp_path / name).unlink()

    store.note(task, file, "image/png", found)

    assert kept(tmp_path) == all_names(file.name)


def test_what_has_moved_to_the_bucket_meanwhile_stays_there(tmp_path: Path) -> None:
    file, found = written(tmp_path)
    KeptFile.objects.create(name=file.name, uses=1, place=Place.BUCKET)
    for name in all_names(file.name):
        (tmp_path / name).unlink()
    task = make_finished(make_user(), picture_source=SOURCE)

    store.note(task, file, "image/png", found)

    assert kept(tmp_path) == set()
    task.refresh_from_db()
    assert task.picture_file == file.name


def test_a_very_large_picture_is_kept_before_it_is_decoded(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "PIXELS_AT_ONCE", 1000)

    task = keep()

    assert kept(tmp_path) == {task.picture_file}
    file = KeptFile.objects.get()
    assert (file.thumbnails, file.is_settled) == (Thumbnails.DUE, False)

    work()

    assert kept(tmp_path) == all_names(task.picture_file)
    assert KeptFile.objects.get().is_settled


@pytest.mark.parametrize("body", [bomb(), PNG[:100], b"\x89PNG\r\n\x1a\n" + bytes(99)])
def test_what_cannot_be_decoded_is_kept_all_the_same(
    server: Server, tmp_path: Path, body: bytes
) -> None:
    server.handler = always(body=body, content_type="image/png")

    task = keep()

    path = store.kept_path(task)
    assert path
    assert path.read_bytes() == body
    file = KeptFile.objects.get()
    assert (file.thumbnails, file.is_settled) == (Thumbnails.IMPOSSIBLE, True)


def test_a_full_disk_is_tried_again(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "settle_all", full)

    task = keep()

    assert (task.picture_file, task.picture_tries) == ("", 1)
    assert kept(tmp_path) == set()
    assert not KeptFile.objects.exists()


def test_where_no_thumbnails_are_wanted_none_is_made(
    server: Server, tmp_path: Path
) -> None:
    StorageSettings.objects.update_or_create(defaults={"thumbnails": False})
    storage_settings.forget()

    task = keep()

    assert kept(tmp_path) == {task.picture_file}
    file = KeptFile.objects.get()
    assert (file.thumbnails, file.is_settled) == (Thumbnails.NONE, True)


def test_with_a_bucket_they_go_there_together(
    server: Server, service: str, bucket: Any, tmp_path: Path
) -> None:
    use_bucket(service)

    task = keep()
    assert kept(tmp_path) == all_names(task.picture_file)
    work()

    assert names(bucket) == {f"mj/{name}" for name in all_names(task.picture_file)}
    assert kept(tmp_path) == set()


def test_a_lost_thumbnail_is_made_again(tmp_path: Path) -> None:
    file, _ = written(tmp_path)
    (tmp_path / files.thumbnail_name(file.name, 320)).unlink()

    assert writing.add_thumbnails(file.name) == Thumbnails.MADE

    assert kept(tmp_path) == all_names(file.name)
