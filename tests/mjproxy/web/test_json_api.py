from __future__ import annotations

from typing import Any

import pytest
from django.db import InterfaceError, OperationalError
from django.middleware.common import CommonMiddleware
from django.test import Client

from accounts.models import User
from mjproxy.web.middleware import canonical
from tasks import selectors
from tasks.models import Task
from tests.conftest import ApiClient
from tests.factories import make_task

pytestmark = pytest.mark.any_database


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
        headers={"mj-api-secret": "the-own-key-of-alice"},
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


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
@pytest.mark.parametrize("path", ["/sign-in", "/mj/task/1/stream", "/nothing"])
def test_a_page_without_its_database_is_503_too(
    stranger: ApiClient,
    monkeypatch: pytest.MonkeyPatch,
    error: type[Exception],
    path: str,
) -> None:
    def down(*_: Any, **__: Any) -> Any:
        raise error("connection refused")

    monkeypatch.setattr(CommonMiddleware, "process_request", down)
    stranger.raise_request_exception = False

    answer = stranger.get(path)

    assert answer.status_code == 503
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


VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "FOO")
UNKNOWN = [
    "/mj",
    "/mj/",
    "/mj/nope",
    "/mj/nope/",
    "/MJ/Nope",
    "/mj//nope",
    "/mj/mj/nope",
    "/mj/submit",
    "/mj/submit/imagine/x",
    "/submit/nope",
    "/task/1",
    "/insight-face/nope",
    "/mj/task/1",
    "/mj/task/1/fetch/x",
    "/mj/admin",
    "/mj/admin/setting/x",
    "/mj/%0a",
    "/mj/..%2f..",
    "/mj/\u72d0",
    "/mj-fast",
    "/mj-fast/nope",
    "/mj-relax/mj/nope",
    "/mj-turbo/mj/task/1",
    "/mj-slow/mj/submit/imagine",
    "/mjx",
    "/api",
    "/api/",
    "/api/nope",
]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("path", UNKNOWN)
def test_an_unknown_address_is_404_as_json_for_any_verb(
    page: Client, verb: str, path: str
) -> None:
    """With a session and without its token, as a browser would send it."""
    for client in (page, Client(enforce_csrf_checks=True)):
        answer: Any = client.generic(verb, path, "{}", "application/json")

        assert (answer.status_code, answer["Content-Type"]) == (404, "application/json")
        if verb != "HEAD":
            assert (answer.json()["success"], answer.json()["code"]) == (False, -1)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/api/schema", "/api/docs"])
@pytest.mark.parametrize("verb", ["POST", "PUT", "PATCH", "DELETE", "FOO"])
def test_what_is_only_looked_at_takes_no_other_verb(
    page: Client, verb: str, path: str
) -> None:
    for client in (page, Client(enforce_csrf_checks=True)):
        answer: Any = client.generic(verb, path, "{}", "application/json")

        assert (answer.status_code, answer["Content-Type"]) == (405, "application/json")
        assert answer.json()["success"] is False
        assert "GET" in answer["Allow"]


@pytest.mark.parametrize("path", ["/mj/task/list", "/mj/admin/login", "/mj/home"])
@pytest.mark.parametrize("verb", ["PATCH", "TRACE", "FOO"])
def test_a_known_address_is_405_as_json_for_a_wrong_verb(
    api: ApiClient, verb: str, path: str
) -> None:
    for prefix in ("/mj", "/mj-fast/mj", "/mj-relax/mj", "/mj-turbo/mj"):
        address = path.replace("/mj", prefix, 1)
        answer: Any = api.generic(verb, address, "{}", "application/json")

        assert (answer.status_code, answer["Content-Type"]) == (405, "application/json")
        assert answer.json()["success"] is False


def test_a_head_and_options_are_answered_where_get_is(api: ApiClient) -> None:
    assert api.head("/mj/task/list").status_code == 200
    assert api.options("/mj/task/list").status_code == 200


def test_healthz_is_503_without_the_database(
    stranger: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mjproxy.health.readiness.database", lambda: "down")

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
