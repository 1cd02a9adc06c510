"""Sources that lie: garbage, endless lists, private addresses, hostile rows."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.exceptions import InvalidField
from accounts.models import DiscordAccount, User
from tasks.enums import MoveSource, MoveState
from tasks.models import MoveIn, Task
from tasks.moving import fetching, running, sources, timing
from tasks.moving.begin import begin
from tests.http_server import Handler, always, never, serving
from tests.tasks.moving.old_servers import (
    KEY,
    account,
    answer,
    further,
    move,
    plus,
    task,
)

pytestmark = pytest.mark.django_db(transaction=True)


def telling(told: Any) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        return answer(told)

    return handler


@pytest.mark.parametrize(
    ("handler", "problem"),
    [
        (always(body=b"<html>"), "the answer is not JSON"),
        (always(body=b"[" * 100_000), "the answer is not JSON"),
        (telling([]), "unknown form"),
        (telling({"content": "x"}), "unknown form"),
        (telling({"code": -1, "message": f"no {KEY}"}), "unknown form: no ***"),
        (always(401, body=b"who?"), "does not accept the key"),
        (always(302, headers={"Location": "http://127.0.0.1/"}), "redirects"),
        (always(418), "HTTP 418"),
    ],
)
def test_an_answer_that_is_none_ends_it_with_a_reason(
    boss: User, handler: Handler, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(handler) as server:
        run = move(server)

    assert run.state == MoveState.FAILED
    assert problem in run.problem
    assert run.problem.startswith("accounts: ")
    assert (run.api_key, run.open_key) == ("", None)
    assert KEY not in run.problem + caplog.text


def test_a_source_that_is_away_is_asked_again(boss: User) -> None:
    with serving(always(503)) as server:
        run = move(server)
        assert (run.state, run.problem) == (MoveState.OPEN, "accounts: HTTP 503")
        assert run.next_at
        assert run.next_at > timezone.now()
        assert running.due_moves() == []
        for _ in timing.TRY_AGAIN:
            MoveIn.objects.update(next_at=timezone.now() - timedelta(seconds=1))
            run = further(run)

    assert run.state == MoveState.FAILED
    assert len(server.calls) == len(timing.TRY_AGAIN) + 1


def test_a_source_that_says_nothing_is_left(
    boss: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "PAGE_SECONDS", 0.2)
    with serving(never) as server:
        run = move(server)

    assert run.problem == "accounts: timed out"


def test_a_page_that_is_too_large_is_not_read(
    boss: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MAX_BYTES", 1000)
    with plus([account(number) for number in range(50)], []) as server:
        run = move(server)

    assert run.state == MoveState.FAILED
    assert "larger than 1000 bytes" in run.problem
    assert not DiscordAccount.objects.exists()


def test_the_same_page_for_ever_is_an_end(boss: User) -> None:
    with serving(telling({"content": [account(1)], "last": False})) as server:
        run = move(server)

    assert run.state == MoveState.FAILED
    assert "does not end: a page came twice" in run.problem
    assert len(server.calls) == 2


def test_a_list_that_grows_for_ever_is_an_end(
    boss: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        number = (await request.json())["pageNumber"]
        return answer({"content": [{"id": number}], "last": False})

    monkeypatch.setattr(running, "MOST_PAGES", 5)
    assert sources.MOST_PAGES > 5
    with serving(handler) as server:
        run = move(server)

    assert "the list of accounts does not end" in run.problem
    assert len(server.calls) == 5


@pytest.mark.parametrize(
    "host",
    [
        "http://127.0.0.1:8080",
        "http://169.254.169.254",
        "http://[::1]",
        "http://10.0.0.1",
    ],
)
def test_private_addresses_are_refused(
    boss: User, settings: Settings, host: str
) -> None:
    settings.ALLOW_PRIVATE_HOOKS = False

    with pytest.raises(InvalidField):
        begin(MoveSource.PLUS, host, KEY)
    assert not MoveIn.objects.exists()


def test_a_name_that_leads_to_a_private_address_is_refused(
    boss: User, settings: Settings
) -> None:
    settings.ALLOW_PRIVATE_HOOKS = False

    run = move("http://localhost:8080")

    assert run.state == MoveState.FAILED
    assert run.problem


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("", KEY),
        ("old.example", KEY),
        ("ftp://old.example", KEY),
        ("https://old.example/?x=1", KEY),
        ("https://old.example/#x", KEY),
        ("https://user:word@old.example", KEY),
        ("https://old.example\r\nX: y", KEY),
        (f"https://old.example/{'a' * 400}", KEY),
        ("https://old.example", "a\r\nX: y"),
        ("https://old.example", "密钥"),
        ("https://old.example", "k" * 2000),
    ],
)
def test_an_address_or_key_that_is_none_is_refused(
    boss: User, host: str, key: str
) -> None:
    with pytest.raises(InvalidField):
        begin(MoveSource.PLUS, host, key)


def test_hostile_rows_are_refused_and_the_others_taken(boss: User) -> None:
    nested: Any = {"deep": {}}
    rows: list[Any] = [
        None,
        "text",
        [],
        {},
        nested,
        task(1, id="9" * 30),
        task(1, id=-5),
        task(1, id="0"),
        task(1, id=True, action=None),
        task(2, action="DROP TABLE"),
        task(3, action=["IMAGINE"]),
        task(4, prompt={"a": 1}, promptEn=7, description=None, state=[]),
        task(5, prompt="\x00a\x00", failReason=None, clientIp="evil"),
        task(6, submitTime=10**30, startTime=-1, finishTime="soon"),
        task(7, buttons="x", properties=[], imageUrl="javascript:alert(1)"),
        task(8, buttons=[1, {}, {"customId": 5}], imageUrl='https://a/"><script>'),
        task(9, imageUrl="http://169.254.169.254/latest"),
    ]
    with plus([None, {}, {"channelId": []}, {"channelId": "1"}], rows) as server:
        run = move(server)

    assert run.state == MoveState.DONE
    assert run.report["accounts"] == {
        "refused": 4,
        "reasons": run.report["accounts"]["reasons"],
    }
    assert run.report["tasks"]["taken"] == 6
    assert run.report["tasks"]["refused"] == 11
    got = {pk % 1000: t for pk, t in Task.objects.in_bulk().items()}
    assert got[4].prompt == ""
    assert got[5].prompt == "a"
    assert [got[n].picture_link for n in (7, 8)] == ["", ""]
    assert [got[n].buttons for n in (7, 8)] == [[], []]
    # Shown as the source gave it; this server fetches nothing from there.
    assert got[9].picture_source == ""


def test_reasons_and_lines_are_limited(boss: User) -> None:
    rows = [{"id": f"{'x' * 300}{number}"} for number in range(500)]
    with plus([], rows) as server:
        run = move(server)

    assert run.report["tasks"]["refused"] == 500
    assert len(run.report["lines"]) == 200
    assert max(len(str(line)) for line in run.report["lines"]) < 400


def test_accounts_that_cannot_be_used_say_why_without_their_token(boss: User) -> None:
    rows = [
        account(1, guildId="5"),
        account(2, userToken="bad\ntoken"),
        account(3, userToken=""),
        account(4, userToken="abc****"),
        account(5, sponsor="<b>x</b>", coreSize=5000),
        account(6, channelId="1118138338562700001<script>"),
    ]
    with plus(rows, []) as server:
        run = move(server)

    assert run.report["accounts"]["refused"] == 6
    assert "token is masked" in str(run.report)
    assert "bad" not in str(run.report)
    assert not DiscordAccount.objects.exists()
