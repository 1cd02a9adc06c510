from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.test import AsyncClient, Client
from pytest_django.fixtures import Settings

from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process import event_loop
from mjproxy.lib.web.outside_hosts import DeferredResponse
from tasks.enums import TaskStatus
from tasks.models import DrawingSettings, Task
from tasks.pictures import fresh_links, store
from tasks.wire import image_url
from tests.factories import make_finished, make_task, make_user
from tests.http_server import Server, always, serving

pytestmark = pytest.mark.django_db(transaction=True)

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 2000
PLACE = "https://cdn.discordapp.com/attachments/1/2/a.png"
SOURCE = f"{PLACE}?ex=1"  # has expired
PREVIEW = "https://cdn.discordapp.com/attachments/1/3/b.webp?ex=1"


@pytest.fixture(autouse=True)
def cdn(settings: Settings, tmp_path: Path) -> Iterator[Server]:
    settings.MEDIA_ROOT = tmp_path
    settings.PUBLIC_URL = ""
    with serving(always(body=PNG, content_type="image/png")) as server:
        settings.DISCORD = settings.DISCORD | {"cdn": server.origin}
        yield server


@pytest.fixture
def task() -> Task:
    return make_finished(make_user(), picture_source=SOURCE)


@pytest.fixture
def drawn() -> Task:
    """A task that is being drawn and has a preview."""
    return make_task(
        make_user(),
        status=TaskStatus.IN_PROGRESS,
        progress=31,
        preview_source=PREVIEW,
    )


def link(task: Task) -> str:
    url = image_url(task, "http://testserver")
    assert url
    return url


def get(url: str, method: str = "GET", **headers: str) -> Any:
    response: Any = Client().generic(method, url, headers=headers)
    if isinstance(response, DeferredResponse):
        event_loop.run(response.begin())
    return response


def body(response: Any) -> bytes:
    if not response.streaming:
        return bytes(response.content)
    return (
        event_loop.run(_joined(response)) if response.is_async else b"".join(response)
    )


async def _joined(response: Any) -> bytes:
    return b"".join([piece async for piece in response])


def keep(task: Task) -> None:
    store.store(task, "image/png", PNG)


def test_it_fetches_the_picture_once_and_keeps_it(cdn: Server, task: Task) -> None:
    first, second = get(link(task)), get(link(task))

    assert body(first) == body(second) == PNG
    assert [call.path for call in cdn.calls] == ["/attachments/1/2/a.png?ex=1"]


def test_it_needs_no_key_and_says_what_browsers_need(task: Task) -> None:
    keep(task)

    response = get(link(task))

    assert response.status_code == 200
    assert response["Content-Type"] == "image/png"
    assert response["Content-Length"] == str(len(PNG))
    assert response["Content-Disposition"] == "inline"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "sandbox" in response["Content-Security-Policy"]
    assert not response.cookies
    assert body(response) == PNG


def test_the_link_stays_when_the_cdn_forgets(cdn: Server, task: Task) -> None:
    keep(task)
    cdn.handler = always(404)

    assert body(get(link(task))) == PNG
    assert cdn.calls == []


async def test_an_asgi_server_streams_the_kept_file() -> None:
    task = await in_thread(lambda: make_finished(make_user(), picture_source=SOURCE))
    await in_thread(keep, task)

    response = await AsyncClient().get(link(task))

    pieces: Any = response
    assert b"".join([piece async for piece in pieces]) == PNG
    # The view ran in a thread that outlives the test, and so would its connection.
    await sync_to_async(connections.close_all)()


def test_what_is_not_to_be_kept_is_shown_all_the_same(task: Task) -> None:
    DrawingSettings.objects.create(keep_pictures=False)

    assert body(get(link(task))) == PNG

    task.refresh_from_db()
    assert not task.picture_file


def test_head_answers_the_headers_alone(task: Task) -> None:
    for _ in range(2):
        response = get(link(task), "HEAD")
        assert response.status_code == 200
        assert response["Content-Length"] == str(len(PNG))
        assert response["Content-Type"] == "image/png"
        assert body(response) == b""
        keep(task)


def test_an_unchanged_picture_is_not_sent_again(task: Task, cdn: Server) -> None:
    keep(task)
    etag = get(link(task))["ETag"]

    response = get(link(task), if_none_match=etag)
    other = get(link(task), if_none_match='"other"')

    assert response.status_code == 304
    assert body(response) == b""
    assert response["ETag"] == etag
    assert response["Access-Control-Allow-Origin"] == "*"
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("status", "answered"), [(404, 404), (403, 404), (500, 502), (302, 502)]
)
def test_a_picture_that_cannot_be_had_is_told_so(
    cdn: Server, status: int, answered: int
) -> None:
    task = make_finished(make_user(), picture_source=f"{PLACE}?ex=ffffffff")
    cdn.handler = always(status)

    response = get(link(task))

    assert response.status_code == answered
    assert response["Content-Type"] == "application/json"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("status", [403, 404])
def test_an_expired_link_is_renewed_while_the_caller_waits(
    cdn: Server, task: Task, status: int
) -> None:
    cdn.handler = always(status)

    response = get(link(task))
    assert (response.status_code, response["Retry-After"]) == (503, "2")

    fresh_links.failed(task, fresh_links.SELDOM)
    assert get(link(task)).status_code == 404


def test_a_foreign_source_is_not_fetched() -> None:
    task = make_finished(make_user(), picture_source="http://127.0.0.1:1/a.png")

    assert get(link(task)).status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "{wrong}.png",
        "{key}",
        "{key}.",
        "{key}.svg",
        "{key}.png.exe",
        "{key}.png%00",
        "{key}-.webp",
        "{key}-1234.webp",
        "{key}x.png",
        " {key}.png",
        ".png",
        "..",
        "%2e%2e",
        "..%2f..%2fmjproxy.sqlite3",
        "../../secrets/secret_key",
        "{key}.png/",
        "{key}.png/..",
        "..%5c{key}.png",
        "%C3%A9.png",
        "a" * 500 + ".png",
    ],
)
def test_other_names_are_unknown(task: Task, name: str) -> None:
    keep(task)
    name = name.format(key=task.picture_key, wrong="0" * 24)

    response = get(f"/images/{task.pk}/{name}")

    assert response.status_code == 404


@pytest.mark.parametrize("task_id", ["1", "0", "9" * 19, "9" * 40, "-1", "x"])
def test_other_tasks_are_unknown(task: Task, task_id: str) -> None:
    response = get(f"/images/{task_id}/{task.picture_key}.png")

    assert response.status_code == 404


def test_the_key_of_another_task_opens_nothing(task: Task) -> None:
    other = make_finished(make_user(), picture_source=SOURCE)

    response = get(f"/images/{task.pk}/{other.picture_key}.png")

    assert response.status_code == 404


def test_a_lost_file_is_fetched_again(task: Task, tmp_path: Path) -> None:
    keep(task)
    task.refresh_from_db()
    (tmp_path / task.picture_file).unlink()

    assert body(get(link(task))) == PNG


def test_other_methods_are_refused(task: Task) -> None:
    assert Client().post(link(task)).status_code == 405


def test_a_preview_is_shown_while_it_is_drawn(cdn: Server, drawn: Task) -> None:
    cdn.handler = always(body=b"webp", content_type="image/webp")

    first, second = get(link(drawn)), get(link(drawn))

    assert link(drawn).endswith("-31.webp")
    assert body(first) == body(second) == b"webp"
    assert first["Content-Type"] == "image/webp"
    assert first["Cache-Control"] == "public, max-age=5"
    assert [call.path for call in cdn.calls] == ["/attachments/1/3/b.webp?ex=1"]
    assert get(link(drawn), if_none_match=first["ETag"]).status_code == 304


def test_the_link_of_a_preview_shows_the_picture_in_the_end(drawn: Task) -> None:
    url = link(drawn)
    Task.objects.update(status=TaskStatus.SUCCESS, picture_source=SOURCE)

    response = get(url)

    assert body(response) == PNG
    assert response["Content-Type"] == "image/png"
    assert response["Cache-Control"] == "public, max-age=5"


def test_there_is_no_final_picture_before_the_end(drawn: Task) -> None:
    assert get(f"/images/{drawn.pk}/{drawn.picture_key}.png").status_code == 404


def test_a_task_without_a_preview_has_none() -> None:
    task = make_task(make_user())

    assert get(f"/images/{task.pk}/{task.picture_key}-0.webp").status_code == 404


def test_a_player_gets_the_part_that_it_asks_for(task: Task) -> None:
    keep(task)

    response = get(link(task), Range="bytes=100-199")

    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes 100-199/{len(PNG)}"
    assert response["Content-Length"] == "100"
    assert response["Content-Type"] == "image/png"
    assert body(response) == PNG[100:200]


def test_a_part_behind_the_end_is_refused(task: Task) -> None:
    keep(task)

    response = get(link(task), Range=f"bytes={len(PNG)}-")

    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{len(PNG)}"
    assert response["Cache-Control"] == "no-store"


async def test_an_asgi_server_streams_a_part() -> None:
    task = await in_thread(lambda: make_finished(make_user(), picture_source=SOURCE))
    await in_thread(keep, task)

    response = await AsyncClient().get(link(task), headers={"Range": "bytes=-50000"})

    pieces: Any = response
    assert response.status_code == 206
    assert b"".join([piece async for piece in pieces]) == PNG[-50000:]
