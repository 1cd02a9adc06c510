from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pytest_django.fixtures import Settings

from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process import event_loop
from tasks import receivers
from tasks.cleanup import retention
from tasks.enums import TaskStatus
from tasks.models import KeptPreview, StorageSettings, Task
from tasks.pictures import previews, store
from tasks.services import advance
from tasks.snapshots import storage_settings
from tasks.wire import image_url
from tests.factories import make_task, make_user
from tests.http_server import Server, always, serving
from tests.tasks.pages.test_pictures import body, get

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
ONE, TWO, THREE = (f"https://cdn.discordapp.com/{n}.png" for n in (1, 2, 3))
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(settings: Settings, tmp_path: Path) -> Iterator[Server]:
    settings.MEDIA_ROOT = tmp_path
    with serving(always(body=PNG, content_type="image/png")) as server:
        settings.DISCORD = settings.DISCORD | {"cdn": server.origin}
        yield server


@pytest.fixture(autouse=True)
def _wanted() -> None:
    StorageSettings.objects.update_or_create(defaults={"keep_previews": True})
    storage_settings.forget()


@pytest.fixture
def task() -> Task:
    return make_task(
        make_user(),
        status=TaskStatus.IN_PROGRESS,
        progress=31,
        preview_source=ONE,
        job_id=None,
    )


def kept(root: Path) -> set[str]:
    return {path.name for path in (root / ".previews").glob("*")}


def file_of(source: str) -> str:
    return f"{store.preview_name(source)}.png"


def keep(task: Task) -> None:
    event_loop.run(previews.keep(task.pk))


def test_the_newest_preview_takes_the_place_of_the_one_before(
    server: Server, task: Task, tmp_path: Path
) -> None:
    keep(task)
    assert kept(tmp_path) == {file_of(ONE)}

    Task.objects.update(preview_source=TWO)
    keep(task)

    assert kept(tmp_path) == {file_of(TWO)}
    row = KeptPreview.objects.get()
    assert (row.task_id, row.file, row.next_at) == (task.pk, file_of(TWO), None)


def test_what_is_kept_is_not_fetched_again(server: Server, task: Task) -> None:
    for _ in range(3):
        keep(task)

    assert len(server.calls) == 1


@pytest.mark.parametrize("end", [TaskStatus.SUCCESS, TaskStatus.FAILURE])
def test_it_goes_when_the_task_ends(
    server: Server, task: Task, tmp_path: Path, end: TaskStatus
) -> None:
    keep(task)

    advance(task.pk, end)

    assert kept(tmp_path) == set()
    assert not KeptPreview.objects.exists()


def test_overtaken_previews_are_never_fetched(server: Server, task: Task) -> None:
    """While one is fetched, two come: only the newer is fetched, and not beside it."""
    at_once: list[int] = []
    under_way = 0

    async def busy() -> None:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def slow(request: web.Request) -> web.Response:
            nonlocal under_way
            under_way += 1
            at_once.append(under_way)
            begun.set()
            await go_on.wait()
            under_way -= 1
            return web.Response(body=PNG, content_type="image/png")

        server.handler = slow
        first = asyncio.create_task(previews.keep(task.pk))
        await begun.wait()
        for source in (TWO, THREE):
            await in_thread(Task.objects.update, preview_source=source)
            await previews.keep(task.pk)  # refused: another one is at it
        go_on.set()
        await first

    event_loop.run(busy())

    assert [call.target for call in server.calls] == ["/1.png", "/3.png"]
    assert at_once == [1, 1]
    assert KeptPreview.objects.get().file == file_of(THREE)


def test_a_task_that_ends_during_the_download_leaves_nothing(
    server: Server, task: Task, tmp_path: Path
) -> None:
    async def ended(request: web.Request) -> web.Response:
        await in_thread(advance, task.pk, TaskStatus.FAILURE)
        return web.Response(body=PNG, content_type="image/png")

    server.handler = ended
    keep(task)

    assert kept(tmp_path) == set()
    assert not KeptPreview.objects.exists()


def test_a_task_of_another_with_the_same_preview_keeps_it(
    server: Server, task: Task, tmp_path: Path
) -> None:
    other = make_task(make_user(), status=TaskStatus.IN_PROGRESS, preview_source=ONE)
    keep(task)
    keep(other)

    advance(task.pk, TaskStatus.FAILURE)

    assert kept(tmp_path) == {file_of(ONE)}


@pytest.mark.parametrize(
    ("source", "handler"),
    [
        (ONE, always(404)),
        (ONE, always(500)),
        (ONE, always(text="<html>", content_type="text/html")),
        ("https://evil.example/1.png", always(body=PNG, content_type="image/png")),
        ("http://169.254.169.254/x", always(body=PNG, content_type="image/png")),
        ("not a link", always(body=PNG, content_type="image/png")),
    ],
)
def test_what_cannot_be_fetched_leaves_the_one_before(
    server: Server, task: Task, tmp_path: Path, source: str, handler: Any
) -> None:
    Task.objects.update(preview_source=TWO)
    keep(task)
    Task.objects.update(preview_source=source)
    server.handler = handler

    keep(task)

    assert kept(tmp_path) == {file_of(TWO)}
    assert KeptPreview.objects.get().next_at is None


def test_it_is_shown_when_discord_has_it_no_more(server: Server, task: Task) -> None:
    keep(task)
    Task.objects.update(preview_source=TWO)
    server.handler = always(404)
    task.refresh_from_db()
    link = image_url(task, "http://testserver") or ""

    answer = get(link)

    assert (answer.status_code, body(answer)) == (200, PNG)


def test_nothing_is_kept_unless_it_is_wanted(
    server: Server, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    nudged: list[str] = []
    monkeypatch.setattr(receivers, "nudge", lambda job, pk, **_: nudged.append(job))
    advance(task.pk, TaskStatus.IN_PROGRESS, progress=40)
    assert "tasks.keep_preview" in nudged
    StorageSettings.objects.update(keep_previews=False)
    storage_settings.forget()
    nudged.clear()

    advance(task.pk, TaskStatus.IN_PROGRESS, progress=50)
    keep(task)

    assert "tasks.keep_preview" not in nudged
    assert server.calls == []
    assert not KeptPreview.objects.exists()


def test_retention_leaves_those_of_running_tasks(
    server: Server, task: Task, tmp_path: Path
) -> None:
    keep(task)
    path = tmp_path / ".previews" / file_of(ONE)
    old = time.time() - 7200
    os.utime(path, (old, old))

    retention.remove_old()
    assert path.is_file()

    Task.objects.update(status=TaskStatus.FAILURE)  # its signal was lost
    retention.remove_old()
    assert not path.exists()
    assert not KeptPreview.objects.exists()
