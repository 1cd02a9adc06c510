from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from django.test import Client

from accounts.models import User
from mjproxy.lib.process import event_loop
from mjproxy.lib.web.outside_hosts import DeferredResponse
from tasks import own_data
from tasks.cleanup import retention
from tasks.cleanup.removal import remove_files_of, remove_told
from tasks.enums import InputRole, TaskStatus
from tasks.models import DrawingSettings, InputPicture, KeptFile, StorageSettings, Task
from tasks.pictures import inputs, store
from tasks.pictures.kept import brought, files
from tasks.services import advance
from tasks.snapshots import drawing_settings, storage_settings
from tasks.submit.user_limit import check_brought
from tests.buckets import names, use_bucket, work
from tests.factories import make_finished, make_task
from tests.pictures import picture
from tests.tasks.pages.test_pictures import body

pytestmark = pytest.mark.django_db(transaction=True)

PNG = picture((700, 350))


@pytest.fixture(autouse=True)
def _wanted() -> None:
    want()


def want(*, keep: bool = True) -> None:
    StorageSettings.objects.update_or_create(defaults={"keep_brought": keep})
    storage_settings.forget()


def bring(task: Task, *bodies: bytes) -> list[InputPicture]:
    given = [
        inputs.Brought(InputRole.COMMAND, number, body, *inputs.measure(body))
        for number, body in enumerate(bodies)
    ]
    inputs.write_rows(inputs.write_files(given), task=task)
    return list(task.inputs.all())


def ended(owner: User, *bodies: bytes) -> Task:
    """A task that has ended, whose brought pictures a worker has seen to."""
    task = make_task(owner, status=TaskStatus.IN_PROGRESS)
    bring(task, *bodies)
    advance(task.pk, TaskStatus.FAILURE)
    event_loop.run(brought.keep(task.pk))
    return task


def local(root: Path) -> set[str]:
    found = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix() for path in found}


def uses() -> dict[str, int]:
    return dict(KeptFile.objects.values_list("name", "uses"))


def shown(client: Client, picture: InputPicture) -> Any:
    answer: Any = client.get(f"/me/brought/{picture.pk}")
    if isinstance(answer, DeferredResponse):
        event_loop.run(answer.begin())
    return answer


@pytest.fixture
def page(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def test_without_the_option_they_go_when_the_task_ends(
    alice: User, tmp_path: Path
) -> None:
    want(keep=False)

    task = ended(alice, PNG)

    assert local(tmp_path) == set()
    assert not task.inputs.exists()
    assert not KeptFile.objects.exists()


def test_with_it_they_become_kept_files(alice: User, tmp_path: Path) -> None:
    task = ended(alice, PNG, picture((20, 20)))

    kept = [row.kept_file for row in task.inputs.all()]
    assert local(tmp_path) == set(kept)
    assert (tmp_path / kept[0]).read_bytes() == PNG
    assert uses() == dict.fromkeys(kept, 1)
    assert [row.file for row in task.inputs.all()] == ["", ""]


def test_one_that_was_brought_and_drawn_is_one_file(
    alice: User, tmp_path: Path
) -> None:
    drawn = make_finished(alice)
    store.store(drawn, "image/png", PNG)
    task = ended(alice, PNG, PNG)

    assert uses() == {drawn.picture_file: 3}

    files.release([task.pk])
    assert uses() == {drawn.picture_file: 1}
    files.release([drawn.pk])
    assert local(tmp_path) == set()


def test_nothing_is_kept_before_the_end(alice: User) -> None:
    task = make_task(alice, status=TaskStatus.IN_PROGRESS)
    (row,) = bring(task, PNG)

    event_loop.run(brought.keep(task.pk))

    row.refresh_from_db()
    assert (row.kept_file, bool(row.file)) == ("", True)


def test_the_hourly_look_finds_what_was_lost(alice: User, tmp_path: Path) -> None:
    task = make_task(alice, status=TaskStatus.IN_PROGRESS)
    bring(task, PNG)
    Task.objects.update(status=TaskStatus.FAILURE)

    for _ in range(2):
        retention.remove_old()

    (row,) = task.inputs.all()
    assert local(tmp_path) == {row.kept_file}
    assert uses() == {row.kept_file: 1}


def test_twice_counts_once(alice: User) -> None:
    task = ended(alice, PNG)

    assert brought.keep_all([task.pk]) == 0

    assert list(uses().values()) == [1]


def test_a_lost_file_ends_with_its_row(alice: User) -> None:
    task = make_task(alice, status=TaskStatus.IN_PROGRESS)
    (row,) = bring(task, PNG)
    store.remove(row.file)

    advance(task.pk, TaskStatus.FAILURE)
    event_loop.run(brought.keep(task.pk))

    assert not task.inputs.exists()
    assert not KeptFile.objects.exists()


def test_bytes_that_are_being_removed_are_kept_later(alice: User) -> None:
    task = ended(alice, PNG)
    (row,) = task.inputs.all()
    files.release([task.pk])
    KeptFile.objects.create(name=row.kept_file, is_removed=True)

    other = ended(alice, PNG)
    assert other.inputs.get().file
    KeptFile.objects.all().delete()
    retention.remove_old()

    assert other.inputs.get().kept_file == row.kept_file


@pytest.mark.parametrize(
    "remove",
    [
        lambda task: remove_told(task, in_any_case=True),
        lambda task: remove_files_of(task.owner_id),
        lambda task: retention._remove_tasks([task.pk]),
        lambda task: retention._remove_pictures([task.pk]),
    ],
)
def test_they_go_with_the_task_its_picture_or_its_owner(
    alice: User, bob: User, tmp_path: Path, remove: Callable[[Task], object]
) -> None:
    other = ended(bob, picture((30, 30)))
    task = ended(alice, PNG)

    remove(task)

    (row,) = other.inputs.all()
    assert local(tmp_path) == {row.kept_file}
    assert uses() == {row.kept_file: 1}


def test_kept_ones_do_not_count_for_open_tasks(alice: User) -> None:
    ended(alice, PNG)
    DrawingSettings.objects.update_or_create(defaults={"brought_pictures": 1})
    drawing_settings.forget()

    check_brought(alice.pk, [inputs.Brought(InputRole.COMMAND, body=PNG)])


def test_they_move_to_the_bucket_and_are_shown_from_there(
    service: str, bucket: Any, alice: User, page: Client, tmp_path: Path
) -> None:
    use_bucket(service, links="signed")
    (row,) = ended(alice, PNG).inputs.all()
    work()
    assert f"mj/{row.kept_file}" in names(bucket)
    assert row.kept_file not in local(tmp_path)

    answer = shown(page, row)

    assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
    assert body(answer).startswith(b"RIFF")
    use_bucket("http://127.0.0.1:1")
    store.remove_old_previews(-1)
    assert shown(page, row).status_code == 503


def test_the_owner_sees_them(alice: User, page: Client) -> None:
    (row,) = ended(alice, PNG).inputs.all()

    answer = shown(page, row)

    assert (answer.status_code, answer.content) == (200, PNG)
    assert "no-store" in answer["Cache-Control"]
    assert answer["Content-Type"] == "image/png"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert f'src="/me/brought/{row.pk}"' in page.get("/me/data").content.decode()


def test_nobody_else_sees_them(alice: User, bob: User, operator: User) -> None:
    (row,) = ended(alice, PNG).inputs.all()

    for user in (bob, operator):
        client = Client()
        client.force_login(user)
        assert shown(client, row).status_code == 404
        assert "/me/brought/" not in client.get("/me/data").content.decode()
    assert shown(Client(), row).status_code == 302


@pytest.mark.parametrize("number", ["0", "99999999999999999999999", "-1", "x", "1/2"])
def test_unknown_ones_are_not_found(page: Client, number: str) -> None:
    assert page.get(f"/me/brought/{number}").status_code == 404


def test_one_of_an_open_task_is_not_shown(alice: User, page: Client) -> None:
    (row,) = bring(make_task(alice), PNG)

    assert shown(page, row).status_code == 404


def test_the_export_has_links_to_all_of_them(
    alice: User, bob: User, page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_data, "ROWS", 2)
    mine = ended(alice, PNG, picture((60, 60)), picture((70, 70)))
    ended(bob, picture((80, 80)))

    answer: Any = page.get("/me/data/export")
    said = orjson.loads(b"".join(answer.streaming_content))["broughtPictures"]

    assert [row["position"] for row in said] == [2, 1, 0]
    assert {row["task_id"] for row in said} == {mine.pk}
    for row in said:
        assert row["content_type"] == "image/png"
        assert page.get(urlsplit(row["url"]).path).status_code == 200
