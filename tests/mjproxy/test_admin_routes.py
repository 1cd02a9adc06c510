"""Every route under /mj/admin is closed to all but operators."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver

from accounts.models import AccessSettings
from accounts.people.keys import GUEST_NAME
from tests.conftest import ApiClient
from tests.factories import make_account, make_user

VERBS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
# Whoever asks these need not have shown yet who they are.
OPEN: Final = {
    "/mj/admin/login",
    "/mj/admin/logout",
    "/mj/admin/register",
    "/mj/admin/account-cf-notify",
    "/mj/admin/current",
}


def _routes(patterns: Any, prefix: str = "/") -> Iterator[str]:
    for entry in patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _routes(entry.url_patterns, route)
        elif isinstance(entry, URLPattern):
            yield route


ROUTES: Final = sorted(
    re.sub(r"<[^>]+>", "1", route)
    for route in _routes(get_resolver().url_patterns)
    if route.startswith("/mj/admin/")
)
CLOSED: Final = [route for route in ROUTES if route not in OPEN]


def test_the_routes_are_found() -> None:
    assert len(CLOSED) >= 14
    assert "/mj/admin/accounts" in CLOSED
    assert "/mj/admin/account-sync/1" in CLOSED


@pytest.fixture
def guest(db: None) -> ApiClient:
    AccessSettings.objects.create(allow_without_key=True)
    make_user(GUEST_NAME)
    return ApiClient()


@pytest.mark.parametrize("who", ["stranger", "api", "guest"])
@pytest.mark.parametrize("route", CLOSED)
def test_none_but_operators_come_in(
    request: pytest.FixtureRequest, who: str, route: str
) -> None:
    client: ApiClient = request.getfixturevalue(who)
    make_account()

    for verb in VERBS:
        answer: Any = client.generic(verb, route, "{}", "application/json")
        assert answer.status_code == 401, verb
        said = answer.json()
        assert (said["success"], said["code"]) == (False, -1)
        assert isinstance(said["message"], str)


@pytest.mark.parametrize("route", CLOSED)
def test_an_operator_comes_in_with_some_verb(
    operator_api: ApiClient, route: str
) -> None:
    make_account(pk=1)

    answers: Any = [
        operator_api.generic(verb, route, "{}", "application/json") for verb in VERBS
    ]

    statuses = {answer.status_code for answer in answers}
    assert 200 in statuses
    assert statuses <= {200, 405}
