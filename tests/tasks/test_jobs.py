from __future__ import annotations

import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from accounts.models import User
from accounts.people.keys import ADMIN_NAME
from mjproxy.celery import app
from mjproxy.lib.process import event_loop
from tasks import jobs
from tasks.enums import CopyState, DeliveryState, TaskStatus
from tasks.models import Task, WebhookDelivery
from tasks.services import advance, fail
from tasks.webhooks import calls
from tests import nudged
from tests.factories import make_finished, make_task, make_user
from tests.http_server import Server, always, serving
from tests.tasks.moving.pictures.moved import copy_of, make_moved

S = DeliveryState
SOURCE = "https://cdn.discordapp.com/attachments/1/2/a.png"


@pytest.fixture
def server(settings: Settings, tmp_path: Path) -> Iterator[Server]:
    settings.ALLOW_PRIVATE_HOOKS = True
    settings.MEDIA_ROOT = tmp_path
    with serving(always(body=b"bytes", content_type="image/png")) as server:
        settings.DISCORD = settings.DISCORD | {"cdn": server.origin}
        yield server


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Future[Any]]:
    """What jobs start in the bridge's loop, to be waited for."""
    found: list[Future[Any]] = []
    spawn = event_loop.spawn

    def noted(coroutine: Coroutine[Any, Any, Any]) -> Future[Any]:
        found.append(spawn(coroutine))
        return found[-1]

    monkeypatch.setattr(event_loop, "spawn", noted)
    return found


def wait_for(started: list[Future[Any]]) -> None:
    for future in started:
        future.result(20)
    event_loop.run(calls.finished())


@pytest.mark.django_db(transaction=True)
def test_deliver_task_calls_the_hook(server: Server, started: list[Any]) -> None:
    task = make_task(make_user(), notify_hook=server.origin)
    fail(task.pk, "no luck")
    started.clear()

    nudged.do("tasks.deliver_task", task.pk)
    wait_for(started)

    assert len(server.calls) == 1


@pytest.mark.django_db(transaction=True)
def test_deliver_due_finds_what_nobody_nudged(
    server: Server, started: list[Any]
) -> None:
    tasks = [make_task(make_user(), notify_hook=server.origin) for _ in range(3)]
    for task in tasks:
        advance(task.pk, TaskStatus.SUBMITTED)
    started.clear()

    jobs.deliver_due()
    wait_for(started)

    assert len(server.calls) == 3
    assert not Task.objects.exclude(hook_due_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_a_job_does_not_wait_for_the_receiver(
    server: Server, started: list[Any]
) -> None:
    go_on = threading.Event()

    async def hold(request: Any) -> Any:
        await event_loop.loop().run_in_executor(None, go_on.wait)
        return await always()(request)

    server.handler = hold
    task = make_task(make_user(), notify_hook=server.origin)
    fail(task.pk, "no luck")
    started.clear()

    nudged.do("tasks.deliver_task", task.pk)  # returns although nobody has answered yet

    go_on.set()
    wait_for(started)
    assert WebhookDelivery.objects.get().state == S.DELIVERED


@pytest.mark.django_db(transaction=True)
def test_keep_missing_finds_what_nobody_nudged(
    server: Server, started: list[Any]
) -> None:
    tasks = [make_finished(make_user(), picture_source=SOURCE) for _ in range(2)]

    jobs.keep_missing()
    nudged.do("tasks.keep_picture", tasks[0].pk)
    wait_for(started)

    assert not Task.objects.filter(picture_file="").exists()
    assert not Task.objects.exclude(picture_tries=0).exists()  # counts failures


@pytest.mark.django_db(transaction=True)
def test_go_on_moving_copies_pictures_that_are_left(
    server: Server, started: list[Any]
) -> None:
    server.handler = always(body=b"\x89PNG\r\n\x1a\n", content_type="image/png")
    make_user(ADMIN_NAME, is_staff=True)
    tasks = [make_moved(f"{server.origin}/{number}.png") for number in range(3)]
    started.clear()

    jobs.go_on_moving()
    wait_for(started)

    assert {copy_of(task).state for task in tasks} == {CopyState.COPIED}


def test_nothing_is_started_for_nothing(alice: User, started: list[Any]) -> None:
    jobs.deliver_due()
    jobs.keep_missing()

    assert started == []


def test_every_beat_job_of_this_app_exists(settings: Settings) -> None:
    app.loader.import_default_modules()
    scheduled = {each["task"] for each in settings.CELERY_BEAT_SCHEDULE.values()}

    assert {each for each in scheduled if each.startswith("tasks.")} <= set(app.tasks)
