from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import DiscordAccount, User
from gateway.discord import clients, fresh_links
from gateway.discord.rest import DiscordHttp
from gateway.models import GatewaySession
from mjproxy.lib.db.threads import in_thread
from tasks.enums import TaskStatus
from tasks.models import Task
from tasks.pictures import fresh_links as rows
from tests.factories import make_finished, make_task
from tests.gateway.rest_server import Server

pytestmark = pytest.mark.django_db(transaction=True)

PLACE = "https://cdn.discordapp.com/attachments/1/2/a.png"
OLD = f"{PLACE}?ex=1&is=1&hm=old"


def fresh(place: str = PLACE) -> str:
    return f"{place}?ex={int(time.time()) + 86_400:x}&is=1&hm=new"


@pytest.fixture
def task(alice: User, live: DiscordAccount, settings: Any) -> Task:
    settings.DISCORD = settings.DISCORD | {"cdn": "https://cdn.discordapp.com"}
    return make_finished(alice, account=live, picture_source=OLD, picture_tries=10)


@pytest.fixture(autouse=True)
def _one_client(http: DiscordHttp, monkeypatch: pytest.MonkeyPatch) -> None:
    async def client_of(_: DiscordAccount) -> DiscordHttp:
        return http

    monkeypatch.setattr(clients, "client_of", client_of)


def says(server: Server, link: Any) -> None:
    server.says(200, {"refreshed_urls": [{"original": OLD, "refreshed": link}]})


async def test_an_expired_link_is_renewed_and_its_picture_kept_later(
    server: Server, task: Task
) -> None:
    link = fresh()
    says(server, link)

    await fresh_links.renew(task.pk)

    await task.arefresh_from_db()
    assert task.picture_source == link
    assert (task.picture_tries, task.link_next_at) == (0, None)
    (seen,) = server.seen
    assert seen.url.endswith("/attachments/refresh-urls")
    assert OLD.encode() in seen.body
    assert seen.headers["Authorization"] == "a-token"


async def test_a_link_that_holds_is_left_alone(server: Server, task: Task) -> None:
    link = fresh()
    says(server, link)
    await fresh_links.renew(task.pk)

    await fresh_links.renew(task.pk)

    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "link",
    [
        OLD,
        "https://evil.example/attachments/1/2/a.png?ex=ffffffff",
        f"{PLACE.replace('/1/2/', '/1/3/')}?ex=ffffffff",
        "file:///etc/passwd",
        "",
        None,
        7,
    ],
)
async def test_a_link_to_something_else_is_not_taken(
    server: Server, task: Task, link: Any
) -> None:
    says(server, link)

    await fresh_links.renew(task.pk)

    await task.arefresh_from_db()
    assert task.picture_source == OLD or task.picture_source.startswith(PLACE)
    assert "evil" not in task.picture_source
    assert task.link_next_at
    assert task.link_next_at > timezone.now() + rows.CLAIM


@pytest.mark.parametrize(
    ("status", "body", "pause"),
    [
        (404, {"code": 10008, "message": "Unknown Message"}, rows.SELDOM),
        (403, {"code": 50001, "message": "Missing Access"}, rows.SELDOM),
        (200, "<html>hello</html>", rows.LATER),
        (200, {"refreshed_urls": []}, rows.LATER),
        (200, [], rows.LATER),
    ],
)
async def test_what_discord_refuses_is_asked_again_after_a_pause(
    server: Server, task: Task, status: int, body: Any, pause: timedelta
) -> None:
    server.says(status, body)
    before = timezone.now()

    await fresh_links.renew(task.pk)
    await fresh_links.renew(task.pk)

    await task.arefresh_from_db()
    assert task.picture_source == OLD
    assert task.link_next_at
    assert before + pause <= task.link_next_at <= timezone.now() + pause
    assert len(server.seen) == 1


async def test_an_account_that_is_not_connected_asks_nothing(
    server: Server, task: Task
) -> None:
    await GatewaySession.objects.all().adelete()

    await fresh_links.renew(task.pk)

    assert server.seen == []
    await task.arefresh_from_db()
    assert task.link_next_at


async def test_open_tasks_have_no_link_to_renew(server: Server, alice: User) -> None:
    task = await _open(alice)

    await fresh_links.renew(task.pk)

    assert server.seen == []


async def _open(alice: User) -> Task:
    return await in_thread(
        lambda: make_task(alice, status=TaskStatus.IN_PROGRESS, picture_source=OLD)
    )


@pytest.mark.parametrize(
    ("source", "expired"),
    [
        (OLD, True),
        (f"{PLACE}?ex=ffffffff&is=1", False),
        (PLACE, True),
        (f"{PLACE}?ex=", True),
        (f"{PLACE}?ex=zz", False),
        (f"{PLACE}?ex=-1", True),
        (f"{PLACE}?ex={'f' * 5000}", False),
        ("https://pictures.example/attachments/1/2/a.png", False),
        ("", False),
    ],
)
def test_the_link_itself_says_when_it_expires(source: str, expired: bool) -> None:
    assert rows.is_expired(source) is expired


def test_a_link_is_asked_for_until_that_was_in_vain(task: Task) -> None:
    assert rows.ask(task)

    rows.failed(task, rows.SELDOM)
    assert not rows.ask(task)

    Task.objects.update(picture_source=fresh())
    assert rows.ask(task)  # another caller got it
    task.refresh_from_db()
    assert not rows.ask(task)
