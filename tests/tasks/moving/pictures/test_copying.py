"""Pictures of moved tasks come along, whatever the old server does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from django.core.management import call_command
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import RetentionSettings
from mjproxy.lib.process import event_loop
from tasks.cleanup import retention
from tasks.enums import CopyState
from tasks.models import KeptFile, MovedPicture, Task
from tasks.moving import timing
from tasks.moving.pictures import copying, rows
from tasks.pictures import cdn, store
from tasks.wire import image_url, task_json
from tests.http_server import Server, always
from tests.tasks.moving.pictures.conftest import PNG
from tests.tasks.moving.pictures.moved import (
    copy_all,
    ends_waiting,
    make_moved,
    state_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


OLD_ID = 1_725_588_106_123_001  # of 2024


class Killed(BaseException):
    """The process ends here."""


def test_a_picture_is_copied_byte_for_byte_and_its_link_is_ours(old: Server) -> None:
    link = f"{old.origin}/a.webp?x=1"
    task = make_moved(link, picture_type="image/webp")

    copy_all()

    task.refresh_from_db()
    path = store.kept_path(task)
    assert path
    assert path.read_bytes() == PNG
    assert (task.picture_source, task.picture_link) == (link, "")
    shown = task_json(task)
    assert str(shown["imageUrl"]).endswith(f"/images/{task.pk}/{task.picture_key}.png")
    assert shown["thumbnailUrl"]
    answer = Client().get(f"/images/{task.pk}/{task.picture_key}.png")
    assert answer.getvalue() == PNG
    assert state_of(task) == (CopyState.COPIED, "")
    (call,) = old.calls
    assert not {"authorization", "cookie", "mj-api-secret"} & call.headers.keys()


def test_few_are_copied_at_once_and_each_once(old: Server) -> None:
    tasks = [make_moved(f"{old.origin}/{number}.png") for number in range(6)]
    most, now = 0, 0
    full = asyncio.Event()

    async def counting(request: web.Request) -> web.Response:
        nonlocal most, now
        now += 1
        most = max(most, now)
        if now == copying.AT_ONCE:
            full.set()
        await full.wait()
        now -= 1
        return web.Response(body=PNG)

    async def many() -> None:
        await asyncio.gather(*(copying.go_on() for _ in range(5)))

    old.handler = counting
    event_loop.run(many())

    assert most == copying.AT_ONCE
    assert sorted(call.path for call in old.calls) == [f"/{n}.png" for n in range(6)]
    assert {state_of(task)[0] for task in tasks} == {CopyState.COPIED}
    assert KeptFile.objects.get().uses == 6  # the same bytes lie here once


def test_drawings_do_not_wait_for_moved_pictures(
    old: Server, settings: Settings
) -> None:
    settings.DISCORD = settings.DISCORD | {"cdn": old.origin}
    moved = [make_moved(f"{old.origin}/moved-{n}.png") for n in range(2)]
    drawn = make_moved("", picture_source="https://cdn.discordapp.com/a/drawn.png")
    came, go_on = asyncio.Event(), asyncio.Event()

    async def hold(request: web.Request) -> web.Response:
        if "moved" in request.path:
            came.set()
            await go_on.wait()
        return web.Response(body=PNG)

    async def work() -> None:
        old.handler = hold
        copies = [asyncio.create_task(copying.go_on()) for _ in range(2)]
        await came.wait()
        await cdn.keep(drawn.pk)
        go_on.set()
        await asyncio.gather(*copies)

    MovedPicture.objects.filter(pk=drawn.pk).delete()
    event_loop.run(work())

    drawn.refresh_from_db()
    assert store.kept_path(drawn)
    assert {state_of(task)[0] for task in moved} == {CopyState.COPIED}


Stage = Callable[[pytest.MonkeyPatch], None]


def _before_the_note(patch: pytest.MonkeyPatch) -> None:
    def dies(*args: Any) -> Any:
        raise Killed

    patch.setattr(store, "note", dies)


def _before_the_end(patch: pytest.MonkeyPatch) -> None:
    def dies(*args: Any) -> Any:
        raise Killed

    patch.setattr(rows, "finish", dies)


@pytest.mark.parametrize("stage", [_before_the_note, _before_the_end])
def test_a_killed_worker_leaves_what_the_next_one_finishes(
    old: Server, monkeypatch: pytest.MonkeyPatch, stage: Stage
) -> None:
    link = f"{old.origin}/a.png"
    task = make_moved(link)
    with monkeypatch.context() as patch:
        stage(patch)
        with pytest.raises(Killed):
            copy_all()
    task.refresh_from_db()
    between = image_url(task)
    copy_all()  # the claim of the dead worker still holds
    held = state_of(task)[0]
    ends_waiting()
    copy_all()

    task.refresh_from_db()
    assert (between, held) == (link, CopyState.DUE)
    assert (task.picture_source, task.picture_link) == (link, "")
    assert state_of(task) == (CopyState.COPIED, "")
    (file,) = KeptFile.objects.all()
    assert (file.name, file.uses) == (task.picture_file, 1)


def test_a_picture_that_kills_each_worker_is_given_up(
    old: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "PICTURE_AGAIN", (60,))
    task = make_moved(f"{old.origin}/a.png")
    with monkeypatch.context() as patch:
        _before_the_note(patch)
        for _ in range(2):
            with pytest.raises(Killed):
                copy_all()
            ends_waiting()
        copy_all()

    assert state_of(task) == (
        CopyState.GIVEN_UP,
        "the worker has ended at each try",
    )


def test_a_task_that_is_deleted_meanwhile_leaves_no_file(old: Server) -> None:
    task = make_moved(f"{old.origin}/a.png")

    async def deleting(request: web.Request) -> web.Response:
        await Task.objects.filter(pk=task.pk).adelete()
        return web.Response(body=PNG)

    old.handler = deleting
    copy_all()

    assert not MovedPicture.objects.exists()
    assert not KeptFile.objects.exists()
    assert [path for path in store._root().rglob("*.png") if path.is_file()] == []


@pytest.fixture
def at_cdn(old: Server, settings: Settings) -> Server:
    settings.DISCORD = settings.DISCORD | {"cdn": old.origin}
    return old


EXPIRED = "https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&is=1&hm=1"


def test_a_picture_at_discord_is_copied_too(at_cdn: Server) -> None:
    task = make_moved("", picture_source=EXPIRED, pk=OLD_ID)

    copy_all()

    task.refresh_from_db()
    assert store.kept_path(task)
    assert task.picture_source == EXPIRED
    assert state_of(task)[0] == CopyState.COPIED


def test_an_expired_link_of_discord_is_renewed(at_cdn: Server) -> None:
    at_cdn.handler = always(404)
    task = make_moved("", picture_source=EXPIRED)

    copy_all()
    waiting = state_of(task)
    Task.objects.update(picture_source=EXPIRED.replace("ex=1", "ex=ffffffff"))
    ends_waiting()
    at_cdn.handler = always(body=PNG)
    copy_all()

    assert waiting == (CopyState.DUE, "its link at Discord is being renewed")
    assert state_of(task) == (CopyState.COPIED, "")


def test_an_expired_link_that_nobody_can_renew_is_given_up(
    at_cdn: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "PICTURE_AGAIN", ())
    at_cdn.handler = always(404)
    asked_in_vain = "2999-01-01T00:00:00Z"
    task = make_moved("", picture_source=EXPIRED, link_next_at=asked_in_vain)

    copy_all()

    state, reason = state_of(task)
    assert state == CopyState.GIVEN_UP
    assert "has expired" in reason


def test_a_picture_that_is_gone_from_discord_is_given_up(at_cdn: Server) -> None:
    at_cdn.handler = always(404)
    fresh = EXPIRED.replace("ex=1", "ex=ffffffff")
    task = make_moved("", picture_source=fresh)

    copy_all()

    assert state_of(task) == (CopyState.GIVEN_UP, "HTTP 404")


def test_a_copied_picture_is_checked_and_removed_like_any_kept_one(
    old: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    moment = "2024-09-06T02:01:46Z"
    task = make_moved(f"{old.origin}/a.png", pk=OLD_ID, finished_at=moment)
    copy_all()

    call_command("check_pictures")
    told = capsys.readouterr().out
    RetentionSettings.objects.create(picture_days=7)
    retention.remove_old()

    assert "1 kept picture(s), 0 missing, 0 file(s) without a row" in told
    task.refresh_from_db()
    assert (task.picture_file, image_url(task)) == ("", None)
    assert not KeptFile.objects.exists()
