"""Headers of every answer, at every address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.test import Client
from django.urls import get_resolver
from django.urls.resolvers import URLResolver

from accounts.models import User
from tasks.pictures import store
from tests.conftest import OPERATORS_KEY, ApiClient
from tests.factories import make_account, make_finished

pytestmark = pytest.mark.any_database
NEEDED: Final = ("object-src", "base-uri", "form-action", "frame-ancestors")


def _routes(patterns: Any, prefix: str = "/") -> Iterator[str]:
    for entry in patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _routes(entry.url_patterns, route)
        else:
            yield route


def _filled(route: str) -> str:
    route = re.sub(r"\(\?P<(\w+)>[^)]*\)", "1", route)
    return re.sub(r"<[^>]+>", "1", route).replace("^", "").replace("$", "")


ROUTES: Final = sorted({_filled(r) for r in _routes(get_resolver().url_patterns)})
OF_API: Final = [r for r in ROUTES if r.startswith(("/mj", "/healthz", "/readyz"))]
OTHERS: Final = [r for r in ROUTES if r not in OF_API]


@pytest.fixture
def browser(client: Client, operator: User) -> Client:
    operator.is_superuser = True
    operator.save()
    client.force_login(operator)
    client.raise_request_exception = False
    return client


def varies(answer: Any) -> set[str]:
    return {name.strip().lower() for name in answer.get("Vary", "").split(",")}


def test_the_routes_are_found() -> None:
    assert len(OF_API) > 100
    assert {"/", "/sign-in", "/admin/", "/api/docs", "/images/1/1"} <= set(OTHERS)


@pytest.mark.parametrize("route", OF_API)
def test_no_cache_may_keep_an_answer_of_the_api(
    browser: Client, stranger: ApiClient, route: str
) -> None:
    key = {"mj-api-secret": OPERATORS_KEY}

    answers: list[Any] = [
        browser.get(route, headers=key),
        browser.post(route, "{", "application/json", headers=key),
        stranger.get(route),
    ]

    for answer in answers:
        assert "no-store" in answer["Cache-Control"], answer.status_code
        assert {"mj-api-secret", "authorization", "cookie"} <= varies(answer)
        assert "default-src 'none'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize("route", [*OTHERS, "/nowhere", "/admin/nowhere"])
def test_every_page_says_what_a_browser_may_do(
    browser: Client, stranger: ApiClient, route: str
) -> None:
    make_account(pk=1)

    for answer in (browser.get(route), stranger.get(route), browser.post(route)):
        if answer.get("Content-Type", "").startswith("text/html"):
            policy = answer["Content-Security-Policy"]
            assert [name for name in NEEDED if name not in policy] == []
            assert "object-src 'none'; base-uri 'none'" in policy
            assert "Cache-Control" in answer
        assert "Content-Security-Policy" in answer
        assert "geolocation=()" in answer["Permissions-Policy"]


def test_only_the_theme_may_evaluate_texts(browser: Client) -> None:
    for path in ("/", "/sign-in", "/nowhere", "/api/docs"):
        assert "unsafe-eval" not in browser.get(path)["Content-Security-Policy"]
    assert "unsafe-eval" in browser.get("/admin/")["Content-Security-Policy"]


def test_pictures_and_documents_may_be_kept(client: Client, alice: User) -> None:
    task = make_finished(alice)
    store.store(task, "image/png", b"\x89PNG" + bytes(40))
    task.refresh_from_db()

    picture = client.get(f"/images/{task.pk}/{task.picture_key}.png")

    assert "immutable" in picture["Cache-Control"]
    assert "authorization" not in varies(picture)
    assert "public" in client.get("/api/schema")["Cache-Control"]


def test_a_refused_host_gets_them_too(client: Client) -> None:
    answer = client.get("/mj/task/list", headers={"Host": "evil.example"})

    assert (answer.status_code, answer["Cache-Control"]) == (400, "no-store")


def test_the_key_is_not_said_again(operator_api: ApiClient) -> None:
    answer = operator_api.get("/mj/admin/current")

    assert OPERATORS_KEY.encode() not in answer.content
    assert answer.json()["apiSecret"] is None
