from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from accounts.models import User
from mjproxy.middleware import canonical
from tasks import selectors
from tasks.models import Task
from tests.conftest import ApiClient
from tests.factories import make_task


@pytest.fixture
def page(alice: User) -> Client:
    """A browser in which Alice has signed in, strict about forgery."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    return client


def test_a_signed_in_page_may_look_without_a_key(page: Client, alice: User) -> None:
    task = make_task(alice)

    assert page.get(f"/mj/task/{task.pk}/fetch").json()["id"] == str(task.pk)
    assert len(page.get("/mj/task/list").json()) == 1


def test_a_cookie_alone_may_not_write(page: Client, alice: User) -> None:
    task = make_task(alice)

    answer = page.post(f"/mj/task/{task.pk}/cancel", "{}", "application/json")

    assert (answer.status_code, answer.json()["success"]) == (403, False)
    assert Task.objects.get().is_open


def test_a_cookie_with_the_pages_token_may_write(page: Client, alice: User) -> None:
    task = make_task(alice)
    page.cookies["mjproxy_csrf"] = "a" * 32

    answer = page.post(
        f"/mj/task/{task.pk}/cancel",
        "{}",
        "application/json",
        headers={"X-CSRFToken": "a" * 32},
    )

    assert answer.status_code == 200
    assert not Task.objects.get().is_open


def test_a_key_needs_no_page_token(page: Client, api: ApiClient, alice: User) -> None:
    task = make_task(alice)

    answer = page.post(
        f"/mj/task/{task.pk}/cancel",
        "{}",
        "application/json",
        headers={"mj-api-secret": "key-of-alice"},
    )

    assert answer.status_code == 200


def test_a_disabled_users_session_is_over(page: Client) -> None:
    User.objects.update(is_active=False)

    assert page.get("/mj/task/list").status_code == 401


@pytest.mark.parametrize("path", ["/mj/task/list", "/mj/task/1/fetch"])
def test_without_its_database_it_answers_503(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def down(*_: Any, **__: Any) -> Any:
        raise OperationalError("connection refused")

    monkeypatch.setattr(selectors, "newest", down)
    monkeypatch.setattr(selectors, "find", down)

    answer = api.get(path)

    assert (answer.status_code, answer.json()["success"]) == (503, False)
    assert b"refused" not in answer.content


def test_a_defect_is_answered_as_json_without_its_insides(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(selectors, "newest", broken)
    api.raise_request_exception = False

    answer = api.get("/mj/task/list", headers={"Origin": "https://x"})

    assert (answer.status_code, answer.json()["message"]) == (500, "操作失败")
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert b"secret" not in answer.content


def test_an_unknown_host_is_refused_as_json(api: ApiClient) -> None:
    answer = api.get("/mj/task/list", HTTP_HOST="evil.example")

    assert (answer.status_code, answer.json()["success"]) == (400, False)


def test_a_wrong_verb_is_405_as_json(api: ApiClient) -> None:
    for answer in (api.get("/mj/submit/imagine"), api.put("/mj/task/list", "{}")):
        assert (answer.status_code, answer.json()["success"]) == (405, False)


def test_healthz_names_what_is_down(
    stranger: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mjproxy.health._redis_answers", lambda: True)
    well = stranger.get("/healthz")
    monkeypatch.setattr("mjproxy.health._redis_answers", lambda: False)
    ill = stranger.get("/healthz")

    assert (well.status_code, well.json()["status"]) == (200, "ok")
    assert (ill.status_code, ill.json()["status"]) == (200, "degraded")
    assert (ill.json()["redis"], ill.json()["database"]) == ("down", "ok")


def test_healthz_is_503_without_the_database(
    stranger: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mjproxy.health._database_answers", lambda: False)

    answer = stranger.get("/healthz")

    assert (answer.status_code, answer.json()["database"]) == (503, "down")


def test_healthz_says_when_redis_does_not_listen(stranger: ApiClient) -> None:
    answer = stranger.get("/healthz")

    assert (answer.status_code, answer.json()["redis"]) == (200, "down")


def test_the_schema_and_its_page_are_served(stranger: ApiClient) -> None:
    schema = stranger.get("/api/schema").json()

    assert "/mj/submit/imagine" in schema["paths"]
    assert not [path for path in schema["paths"] if path.startswith("/mj-")]
    assert stranger.get("/api/docs").status_code == 200


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("/mj/task/list", "/mj/task/list"),
        ("/mj-fast/mj/submit/imagine", "/mj-fast/mj/submit/imagine"),
        ("//mj///submit/imagine//", "/mj/submit/imagine"),
        ("/mj/mj/mj/submit/imagine", "/mj/submit/imagine"),
        ("/submit/imagine", "/mj/submit/imagine"),
        ("/mj-turbo/submit/imagine", "/mj-turbo/mj/submit/imagine"),
        ("/MJ-TURBO/MJ/Submit/Imagine", "/mj-turbo/mj/submit/imagine"),
        ("/mj", "/mj/"),
        ("/", "/"),
        ("/admin/tasks/task/", "/admin/tasks/task/"),
        ("/Images/1/A.png", "/Images/1/A.png"),
        ("/static//x", "/static//x"),
        ("/mjx/y", "/mjx/y"),
    ],
)
def test_an_api_address_has_one_spelling(typed: str, meant: str) -> None:
    assert canonical(typed) == meant
    assert canonical(canonical(typed)) == meant
