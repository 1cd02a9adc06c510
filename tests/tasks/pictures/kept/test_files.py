from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.db import connections

from tasks.cleanup.removal import remove_files_of
from tasks.models import KeptFile, Task
from tasks.pictures import store
from tasks.pictures.kept import files, places
from tests.factories import make_finished, make_user

pytestmark = pytest.mark.django_db(transaction=True)

SOURCE = "https://cdn.discordapp.com/attachments/1/2/a.png"


def drawn() -> Task:
    return make_finished(make_user(), picture_source=SOURCE)


def uses() -> dict[str, int]:
    return dict(KeptFile.objects.values_list("name", "uses"))


def test_the_same_picture_of_two_tasks_is_one_file(tmp_path: Path) -> None:
    first, second = drawn(), drawn()
    for task in (first, second):
        store.store(task, "image/png", b"same")
    path = store.kept_path(first)
    assert path
    assert path == store.kept_path(second)
    assert uses() == {first.picture_file: 2}

    files.release([first.pk])
    assert path.read_bytes() == b"same"

    files.release([second.pk])
    assert [found for found in tmp_path.rglob("*") if found.is_file()] == []
    assert uses() == {}


def test_a_task_that_is_released_twice_counts_once() -> None:
    first, second = drawn(), drawn()
    for task in (first, second):
        store.store(task, "image/png", b"same")

    files.release([first.pk])
    files.release([first.pk])

    assert uses() == {second.picture_file: 1}
    assert store.kept_path(second)


def test_a_task_whose_file_was_lost_may_get_another() -> None:
    task = drawn()
    store.store(task, "image/png", b"first")
    old = store.kept_path(task)
    assert old
    old.unlink()

    store.store(task, "image/png", b"second")

    task.refresh_from_db()
    path = store.kept_path(task)
    assert path
    assert path.read_bytes() == b"second"
    assert uses() == {task.picture_file: 1}


def test_bytes_that_are_being_removed_are_not_taken(tmp_path: Path) -> None:
    task = drawn()
    store.store(task, "image/png", b"same")
    KeptFile.objects.update(is_removed=True, uses=0)

    with pytest.raises(files.BeingRemoved):
        store.store(drawn(), "image/png", b"same")


@pytest.mark.parametrize("seed", range(8))
def test_in_any_order_the_uses_are_the_tasks(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    bodies = [b"a", b"b", b"c"]
    tasks = [drawn() for _ in range(6)]

    for _ in range(40):
        task = rng.choice(tasks)
        task.refresh_from_db()
        match rng.randrange(4):
            case 0 | 1:
                store.store(task, "image/png", rng.choice(bodies))
            case 2:
                files.release([task.pk])
            case 3:
                if path := store.kept_path(task):
                    path.unlink()

    shown: dict[str, int] = {}
    for name in Task.objects.exclude(picture_file="").values_list("picture_file"):
        shown[name[0]] = shown.get(name[0], 0) + 1
    assert uses() == shown


def test_no_race_of_keeping_and_removing_loses_a_shown_file() -> None:
    tasks = [drawn() for _ in range(8)]
    barrier = threading.Barrier(4)

    def churn(own: list[Task]) -> None:
        barrier.wait()
        for number in range(12):
            task = own[number % 2]
            task.picture_file = ""
            try:
                if number % 4 < 2:
                    store.store(task, "image/png", b"same")
                else:
                    files.release([task.pk])
            except files.BeingRemoved:
                pass
        connections.close_all()

    threads = [
        threading.Thread(target=churn, args=(tasks[n * 2 : n * 2 + 2],))
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    shown = Task.objects.exclude(picture_file="")
    assert sum(uses().values()) == shown.count()
    for task in shown:
        assert store.kept_path(task)


@pytest.mark.parametrize("name", ["../up.png", "/etc/passwd", "a/../../up.png"])
def test_no_name_leaves_the_data_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(SuspiciousFileOperation):
        places.local_path(name)


def test_a_user_who_leaves_takes_only_their_own(tmp_path: Path) -> None:
    mine, theirs = drawn(), drawn()
    for task in (mine, theirs):
        store.store(task, "image/png", b"same")

    remove_files_of(mine.owner_id)

    assert store.kept_path(theirs)
    assert uses() == {theirs.picture_file: 1}
