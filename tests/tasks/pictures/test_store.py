from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import User
from tasks import ports
from tasks.models import DrawingSettings, Task
from tasks.pictures import store
from tasks.pictures.store import UnknownSource, cdn_url
from tests.factories import make_finished, make_task

SOURCE = "https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&is=2&hm=3"


@pytest.fixture(autouse=True)
def _alone(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path
    before = ports.cdn_base.register(ports.configured_cdn)
    yield
    ports.cdn_base.register(before)


@pytest.fixture
def task(alice: User) -> Task:
    return make_finished(alice, picture_source=SOURCE)


def test_links_stay_as_they_are_at_discord() -> None:
    assert cdn_url(SOURCE) == SOURCE


def test_links_go_to_the_configured_cdn(settings: Settings) -> None:
    settings.DISCORD = settings.DISCORD | {"cdn": "https://mirror.example"}

    assert cdn_url(SOURCE) == SOURCE.replace("cdn.discordapp.com", "mirror.example")


def test_another_app_may_say_where_the_cdn_is() -> None:
    ports.cdn_base.register(lambda: "http://10.0.0.5:9000/cdn/")
    media = SOURCE.replace("cdn.discordapp.com", "media.discordapp.net")
    wanted = "http://10.0.0.5:9000/cdn/attachments/1/2/a.png?ex=1&is=2&hm=3"

    assert cdn_url(media) == wanted
    assert cdn_url(wanted) == wanted


@pytest.mark.parametrize(
    "source",
    [
        "",
        "https://example.com/a.png",
        "https://cdn.discordapp.com.example.com/a.png",
        "https://cdn.discordapp.com@example.com/a.png",
        "ftp://cdn.discordapp.com/a.png",
        "file:///etc/passwd",
        "http://169.254.169.254/a.png",
        "https://[cdn.discordapp.com/a.png",
    ],
)
def test_foreign_links_are_refused(source: str) -> None:
    with pytest.raises(UnknownSource):
        cdn_url(source)


def test_a_name_or_password_in_a_link_is_not_sent() -> None:
    with pytest.raises(UnknownSource):
        cdn_url("https://a:b@cdn.discordapp.com/x")


def test_what_failed_is_tried_again_with_longer_pauses(task: Task) -> None:
    for number, seconds in enumerate(store.TRY_AGAIN, 1):
        assert store.to_keep() == [task.pk]
        before = timezone.now()
        found = store.due_picture(task.pk)
        assert found
        store.try_later(found)
        assert store.due_picture(task.pk) is None
        assert store.to_keep() == []
        task.refresh_from_db()
        assert task.picture_tries == number
        assert task.picture_next_at
        assert task.picture_next_at >= before + timedelta(seconds=seconds)
        Task.objects.update(picture_next_at=timezone.now())

    assert store.to_keep() == []
    assert store.due_picture(task.pk) is None


def test_two_tries_that_fail_together_count_once(task: Task) -> None:
    tries = [store.due_picture(task.pk) for _ in range(2)]

    for found in tries:
        assert found
        store.try_later(found)

    task.refresh_from_db()
    assert task.picture_tries == 1


def test_two_workers_may_store_the_same_picture(task: Task, tmp_path: Path) -> None:
    first, second = store.due_picture(task.pk), store.due_picture(task.pk)
    assert first
    assert second

    store.store(first, "image/png", b"bytes")
    store.store(second, "image/png", b"bytes")
    store.try_later(second)

    task.refresh_from_db()
    path = store.kept_path(task)
    assert path
    assert path.read_bytes() == b"bytes"
    assert [found for found in tmp_path.rglob("*") if found.is_file()] == [path]
    assert task.picture_tries == 0


def test_only_finished_tasks_with_a_picture_are_kept(alice: User) -> None:
    make_task(alice, preview_source=SOURCE)
    make_finished(alice, picture_source="")
    make_finished(alice, picture_file="2026/11/x.png")

    assert store.to_keep() == []


def test_the_operator_may_keep_none(task: Task) -> None:
    DrawingSettings.objects.create(keep_pictures=False)

    assert store.to_keep() == []
    assert store.due_picture(task.pk) is None


def test_the_bytes_are_kept_and_the_row_tells_where(task: Task, tmp_path: Path) -> None:
    store.store(task, "image/png", b"bytes")

    task.refresh_from_db()
    digest = hashlib.sha256(b"bytes").hexdigest()
    assert task.picture_file == f"{digest[:2]}/{digest}.png"
    path = store.kept_path(task)
    assert path
    assert path.read_bytes() == b"bytes"
    assert list((tmp_path / ".drafts").iterdir()) == []


def test_a_task_that_is_gone_leaves_no_file(task: Task, tmp_path: Path) -> None:
    Task.objects.all().delete()

    store.store(task, "image/png", b"bytes")

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_lost_file_is_no_picture(task: Task) -> None:
    task.picture_file = "2026/11/lost.png"

    assert store.kept_path(task) is None


def test_previews_are_cached_for_a_while(tmp_path: Path, db: None) -> None:
    assert store.cached_preview(SOURCE) is None
    with store.drafting() as draft:
        draft.write_bytes(b"preview")
        path = store.cache_preview(SOURCE, "image/webp", draft)
    assert store.cached_preview(SOURCE) == ("image/webp", path)
    assert path.read_bytes() == b"preview"
    assert store.remove_old_previews(3600) == 0
    for path in (tmp_path / ".previews").iterdir():
        os.utime(path, (time.time() - 4000,) * 2)

    assert store.remove_old_previews(5000) == 0
    assert store.remove_old_previews(3600) == 1
    assert store.cached_preview(SOURCE) is None


# --- pictures that requests bring along -----------------------------------------------


@pytest.mark.parametrize(
    ("content_type", "ending"),
    [("image/png", "png"), ("image/jpeg", "jpg"), ("text/html", "bin")],
)
def test_a_brought_picture_is_kept_under_the_day_it_came(
    tmp_path: Path, content_type: str, ending: str
) -> None:
    file = store.write_input(b"bytes", content_type)

    folder, day, name = file.split("/")
    assert (folder, day) == (".inputs", f"{timezone.now():%Y-%m-%d}")
    assert name.endswith(f".{ending}")
    assert store.read_input(file) == (tmp_path / file).read_bytes() == b"bytes"


def test_the_same_picture_twice_has_two_files() -> None:
    files = [store.write_input(b"bytes", "image/png") for _ in range(2)]

    store.remove(files[0])

    assert store.read_input(files[1]) == b"bytes"
    with pytest.raises(FileNotFoundError):
        store.read_input(files[0])


def test_brought_pictures_of_more_than_an_hour_are_found_by_their_day(
    tmp_path: Path,
) -> None:
    days = [tmp_path / ".inputs" / day for day in ("2026-01-01", "2026-01-02", "other")]
    for folder in days:
        folder.mkdir(parents=True)
        (folder / "old.png").write_bytes(b"a")
        os.utime(folder / "old.png", (time.time() - 4000,) * 2)
    (days[0] / "new.png").write_bytes(b"b")

    found = sorted(name for names in store.old_inputs() for name in names)

    assert found == [f".inputs/{day}/old.png" for day in ("2026-01-01", "2026-01-02")]
    for name in found:
        store.remove(name)
    assert [*store.old_inputs()] == [[], []]
    assert sorted(path.name for path in (tmp_path / ".inputs").iterdir()) == [
        "2026-01-01",
        "other",
    ]
