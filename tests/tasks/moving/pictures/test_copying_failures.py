"""Old servers that lie, fail or are gone: what becomes of their pictures."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django.fixtures import Settings

from mjproxy.lib.safe_http import client
from tasks.enums import CopyState
from tasks.models import KeptFile
from tasks.moving import timing
from tasks.moving.pictures import hosts, rows
from tasks.pictures import cdn
from tasks.pictures.kept import writing
from tasks.wire import image_url
from tests.http_server import Handler, Server, always, never
from tests.tasks.moving.pictures.conftest import PNG
from tests.tasks.moving.pictures.moved import (
    copy_all,
    ends_waiting,
    make_moved,
    state_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_deleted_picture_is_given_up_at_once(old: Server, status: int) -> None:
    link = f"{old.origin}/a.png"
    task = make_moved(link)
    old.handler = always(status)

    copy_all()
    ends_waiting()
    copy_all()

    assert state_of(task) == (CopyState.GIVEN_UP, f"HTTP {status}")
    assert len(old.calls) == 1
    task.refresh_from_db()
    assert image_url(task) == link  # as without the copy


PRIVATE = {"Location": "http://169.254.169.254/latest/meta-data"}


@pytest.mark.parametrize(
    ("handler", "why"),
    [
        (always(text="<html>", content_type="image/png"), "it is image/png"),
        (always(text="<svg>", content_type="image/svg+xml"), "it is image/svg+xml"),
        (always(body=PNG + b"x" * 2000), "larger than"),
        (always(302, headers={"Location": "/again"}), "redirects"),
        (always(body=PNG, headers={"Content-Encoding": "gzip"}), "compressed"),
    ],
)
def test_what_is_no_picture_is_given_up_and_leaves_nothing(
    old: Server, monkeypatch: pytest.MonkeyPatch, handler: Handler, why: str
) -> None:
    monkeypatch.setattr(cdn, "MAX_BYTES", 1000)
    task = make_moved(f"{old.origin}/a.png")
    old.handler = handler

    copy_all()

    state, reason = state_of(task)
    assert state == CopyState.GIVEN_UP
    assert why in reason
    assert not KeptFile.objects.exists()


@pytest.mark.parametrize("way", ["at once", "by a redirect"])
def test_a_private_address_is_not_called(
    old: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    secret = f"{old.origin}/secret.png"
    old.handler = always(302, headers=PRIVATE)
    task = make_moved(secret)
    if way == "at once":
        settings.ALLOW_PRIVATE_HOOKS = False
    else:  # the first address may be called, and the next one may not

        def only_there(url: str) -> Any:
            settings.ALLOW_PRIVATE_HOOKS = url == secret
            return check(url)

        check = client.check_url
        monkeypatch.setattr(client, "check_url", only_there)

    copy_all()

    assert state_of(task) == (CopyState.GIVEN_UP, "the address is not a public one")
    assert len(old.calls) == (way == "by a redirect")


@pytest.mark.parametrize(
    ("handler", "why"),
    [(always(503), "HTTP 503"), (always(429), "HTTP 429"), (never, "timed out")],
)
def test_a_host_that_fails_is_tried_again_later(
    old: Server, monkeypatch: pytest.MonkeyPatch, handler: Handler, why: str
) -> None:
    monkeypatch.setattr(timing, "PICTURE_SECONDS", 0.3)
    task = make_moved(f"{old.origin}/a.png")
    other = make_moved(f"{old.origin}/b.png")
    old.handler = handler

    copy_all()
    first = len(old.calls)
    waiting = state_of(task), state_of(other)
    ends_waiting()
    copy_all()  # the host rests
    rested = len(old.calls)
    monkeypatch.setattr(timing, "PICTURE_SECONDS", 30.0)
    hosts.forget()
    old.handler = always(body=PNG)
    copy_all()

    assert (first, rested) == (1, 1)
    assert sorted(waiting) == [(CopyState.DUE, ""), (CopyState.DUE, why)]
    assert [state_of(each)[0] for each in (task, other)] == [CopyState.COPIED] * 2


def test_a_server_that_is_off_for_a_while_loses_nothing(old: Server) -> None:
    task = make_moved("http://127.0.0.1:1/a.png")

    copy_all()

    state, reason = state_of(task)
    assert state == CopyState.DUE
    assert reason.startswith("cannot connect")


def test_a_host_that_is_gone_is_given_up_with_all_its_pictures(
    old: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "HOST_RESTS", (0, 0))
    tasks = [make_moved(f"{old.origin}/{number}.png") for number in range(5)]
    elsewhere = make_moved("http://localhost:1/a.png")
    rows.give_up(elsewhere.pk, "asked to")
    old.handler = always(502)

    copy_all()

    assert len(old.calls) == 3
    assert {state_of(task) for task in tasks} == {(CopyState.GIVEN_UP, "HTTP 502")}
    assert state_of(elsewhere) == (CopyState.GIVEN_UP, "asked to")


def test_a_picture_that_always_fails_is_given_up_after_some_tries(
    old: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "PICTURE_AGAIN", (60, 60))
    task = make_moved(f"{old.origin}/a.png")
    old.handler = always(500)

    for _ in range(5):
        copy_all()
        ends_waiting()
        hosts.forget()

    assert len(old.calls) == 3
    assert state_of(task) == (CopyState.GIVEN_UP, "HTTP 500")


def test_an_unforeseen_error_is_no_endless_loop(
    old: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = make_moved(f"{old.origin}/a.png")

    def fails(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(writing, "write", fails)
    for _ in range(3):
        copy_all()
        ends_waiting()

    state, reason = state_of(task)
    assert state == CopyState.GIVEN_UP
    assert "an unforeseen error (RuntimeError)" in reason
