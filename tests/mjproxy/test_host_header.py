from __future__ import annotations

import pytest
from django.http import HttpRequest
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.people.callers import link_base


@pytest.fixture(autouse=True)
def _any_host(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]


@pytest.mark.parametrize(
    "host",
    [
        "mj_proxy",
        "mj_proxy:8080",
        "MJ_Proxy:8080",
        "a_b.c-d.example",
        "_",
        "draw.example.com.",
        "[::1]:8080",
        "10.0.0.1",
    ],
)
def test_hosts_of_every_spelling_are_served(db: None, host: str) -> None:
    assert Client().get("/mj/home", headers={"host": host}).status_code != 400


@pytest.mark.parametrize(
    "host",
    [
        "",
        "a b",
        "a/b",
        "a@b",
        "a:b",
        "a:80:80",
        "<a>",
        "a\\b",
        "[::1",
        "a,b",
        "ä",
        "a\n",
    ],
)
def test_what_is_no_host_is_refused(db: None, host: str) -> None:
    assert Client().get("/mj/home", headers={"host": host}).status_code == 400


def test_links_begin_with_the_host_that_was_asked() -> None:
    request = HttpRequest()
    request.META = {"HTTP_HOST": "mj_proxy:8080"}

    assert link_base(request) == "http://mj_proxy:8080"


def test_a_host_that_is_not_ours_is_refused_with_an_underscore_too(
    db: None, settings: Settings
) -> None:
    settings.ALLOWED_HOSTS = ["mj_proxy"]

    def asked(host: str) -> int:
        return Client().get("/mj/home", headers={"host": host}).status_code

    assert asked("mj_proxy") != 400
    assert asked("other_proxy") == 400
