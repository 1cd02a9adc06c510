from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from mjproxy.lib.process import event_loop
from mjproxy.lib.safe_http import client
from tasks.models import Task
from tasks.pictures import cdn, store
from tasks.pictures.cdn import CdnError, Picture
from tests.factories import make_finished, make_user
from tests.http_server import Server, always, serving
from tests.targets import TARGETS

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
pytestmark = pytest.mark.django_db(transaction=True)

SOURCE = "https://cdn.discordapp.com/attachments/1/2/a.png?ex=1"


@pytest.fixture
def server(settings: Settings, tmp_path: Path) -> Iterator[Server]:
    settings.MEDIA_ROOT = tmp_path
    with serving(always(body=PNG, content_type="image/png")) as server:
        settings.DISCORD = settings.DISCORD | {"cdn": server.origin}
        yield server


def download(server: Server, target: str = "/a.png") -> tuple[str, bytes]:
    found = event_loop.run(cdn.download(f"{server.origin}{target}", "alice"))
    return found.content_type, found.path.read_bytes()


def test_it_downloads_and_sends_nothing_of_ours(server: Server) -> None:
    assert download(server) == ("image/png", PNG)

    (call,) = server.calls
    assert not {"authorization", "cookie"} & call.headers.keys()


@pytest.mark.parametrize("target", TARGETS)
def test_the_cdn_is_asked_byte_for_byte(server: Server, target: str) -> None:
    event_loop.run(cdn.download(f"https://cdn.discordapp.com{target}", "alice"))

    assert server.calls[0].target == target


@pytest.mark.parametrize("label", ["application/octet-stream", "text/plain", "image/x"])
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0" * 9, "image/jpeg"),
        (b"RIFF\x00\x01\x00\x00WEBPVP8 " * 3, "image/webp"),
        (b"\x00\x00\x00\x18ftypisom" * 3, "video/mp4"),
    ],
)
def test_the_bytes_say_what_it_is(
    server: Server, label: str, body: bytes, kind: str
) -> None:
    server.handler = always(body=body, headers={"Content-Type": label})

    assert download(server) == (kind, body)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_what_is_gone_is_told_apart(server: Server, status: int) -> None:
    server.handler = always(status)

    with pytest.raises(CdnError) as error:
        download(server)

    assert error.value.gone


@pytest.mark.parametrize(
    "handler",
    [
        always(500),
        always(429),
        always(302, headers={"Location": "/b.png"}),
        always(text="<html>", content_type="text/html"),
        always(text="<svg>", content_type="image/svg+xml"),
        always(body=PNG, content_type="image/png", headers={"Content-Length": "999"}),
    ],
)
def test_other_answers_may_be_better_later(
    server: Server, handler: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cdn, "TIMEOUT", 2)
    server.handler = handler

    with pytest.raises(CdnError) as error:
        download(server)

    assert not error.value.gone


def test_a_picture_that_is_too_large_is_refused(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cdn, "MAX_BYTES", len(PNG) - 1)

    with pytest.raises(CdnError, match="larger than"):
        download(server)


def test_those_who_ask_at_the_same_time_share_one_download(server: Server) -> None:
    async def both() -> list[Picture]:
        asked, go_on = asyncio.Event(), asyncio.Event()

        async def hold(request: web.Request) -> web.Response:
            asked.set()
            await go_on.wait()
            return web.Response(body=PNG, content_type="image/png")

        server.handler = hold
        url = f"{server.origin}/a.png"
        first = asyncio.create_task(cdn.download(url, "alice"))
        await asked.wait()
        second = asyncio.create_task(cdn.download(url, "bob"))
        go_on.set()
        return list(await asyncio.gather(first, second))

    one, other = event_loop.run(both())
    assert one == other
    assert one.path.read_bytes() == PNG
    assert len(server.calls) == 1


def test_a_finished_picture_is_kept_byte_for_byte(server: Server) -> None:
    task = make_finished(make_user(), picture_source=SOURCE)

    event_loop.run(cdn.keep(task.pk))
    event_loop.run(cdn.keep(task.pk))

    task.refresh_from_db()
    path = store.kept_path(task)
    assert path
    assert path.read_bytes() == PNG
    assert [call.path for call in server.calls] == ["/attachments/1/2/a.png?ex=1"]


def test_keeping_goes_on_after_a_failure(server: Server) -> None:
    task = make_finished(make_user(), picture_source=SOURCE)
    server.handler = always(503)
    event_loop.run(cdn.keep(task.pk))
    assert store.to_keep() == []

    server.handler = always(body=PNG, content_type="image/png")
    Task.objects.update(picture_next_at=timezone.now())
    assert store.to_keep() == [task.pk]
    event_loop.run(cdn.keep(task.pk))

    task.refresh_from_db()
    assert task.picture_tries == 1
    assert store.kept_path(task)


def test_a_picture_elsewhere_is_not_fetched(server: Server) -> None:
    task = make_finished(make_user(), picture_source="https://example.com/a.png")

    event_loop.run(cdn.keep(task.pk))

    task.refresh_from_db()
    assert (task.picture_tries, task.picture_file) == (1, "")
    assert server.calls == []


def test_a_picture_that_is_being_kept_is_not_begun_again(server: Server) -> None:
    task = make_finished(make_user(), picture_source=SOURCE)

    async def nudged_again() -> None:
        asked, go_on = asyncio.Event(), asyncio.Event()

        async def hold(request: web.Request) -> web.Response:
            asked.set()
            await go_on.wait()
            return web.Response(body=PNG, content_type="image/png")

        server.handler = hold
        keeping = asyncio.create_task(cdn.keep(task.pk))
        await asked.wait()
        await cdn.keep(task.pk)  # ends at once
        go_on.set()
        await keeping

    event_loop.run(nudged_again())

    task.refresh_from_db()
    assert store.kept_path(task)
    assert len(server.calls) == 1


def test_a_picture_of_many_blocks_is_whole(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PIECE", 7)
    monkeypatch.setattr(client, "BLOCK", 50)

    assert download(server) == ("image/png", PNG)


def test_keeping_a_picture_takes_two_statements(server: Server) -> None:
    task = make_finished(make_user(), picture_source=SOURCE)

    with CaptureQueriesContext(connection) as done:
        found = store.due_picture(task.pk)
        assert found
        store.store(found, "image/png", PNG)
    table = Task._meta.db_table
    assert len([each for each in done if table in each["sql"]]) == 2
