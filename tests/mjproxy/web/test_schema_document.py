"""The schema and its page: made once, and sent as they are."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.test import Client, RequestFactory
from drf_spectacular.generators import SchemaGenerator

from mjproxy.web import schema_document

PATHS = ["/api/schema", "/api/docs"]
GZIP = {"Accept-Encoding": "gzip"}


@pytest.fixture(autouse=True)
def _nothing_is_made() -> Iterator[None]:
    schema_document._schema.cache_clear()
    schema_document._docs.cache_clear()
    yield
    schema_document._schema.cache_clear()
    schema_document._docs.cache_clear()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Counts how often the schema is made."""
    counted: list[int] = []
    make: Any = SchemaGenerator.get_schema

    def get_schema(self: Any, *args: Any, **kwargs: Any) -> Any:
        counted.append(1)
        return make(self, *args, **kwargs)

    monkeypatch.setattr(SchemaGenerator, "get_schema", get_schema)
    return counted


def test_many_who_ask_at_once_get_one_document(made: list[int]) -> None:
    requests = [RequestFactory().get("/api/schema") for _ in range(40)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(schema_document.schema, requests))

    assert len(made) == 1
    assert len({id(answer.content) for answer in answers}) == 1  # the very same bytes


@pytest.mark.parametrize("path", PATHS)
def test_it_is_sent_small_to_who_can_read_that(client: Client, path: str) -> None:
    small, plain = client.get(path, headers=GZIP), client.get(path)

    assert gzip.decompress(small.content) == plain.content
    assert len(small.content) < len(plain.content) / 2
    assert "Content-Encoding" not in plain
    assert "Accept-Encoding" in small["Vary"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("headers", [{}, GZIP])
def test_who_has_it_is_told_so(
    client: Client, path: str, headers: dict[str, str]
) -> None:
    first = client.get(path, headers=headers)

    again = client.get(path, headers=headers | {"If-None-Match": first["ETag"]})
    other = client.get(path, headers=headers | {"If-None-Match": '"other"'})

    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    assert (other.status_code, other.content) == (200, first.content)


@pytest.mark.parametrize("path", PATHS)
def test_it_is_the_same_in_every_language(client: Client, path: str) -> None:
    chinese = client.get(path, headers={"Accept-Language": "zh-hans"}).content
    schema_document._schema.cache_clear()
    schema_document._docs.cache_clear()

    assert client.get(path, headers={"Accept-Language": "en"}).content == chinese


def test_the_page_runs_its_own_script_and_no_other(client: Client) -> None:
    page = client.get("/api/docs")
    policy = page["Content-Security-Policy"]

    assert re.search(r"script-src 'self' 'sha256-[\w+/=]{44}';", policy)
    assert "unsafe-eval" not in policy


def test_the_page_shows_the_token_of_nobody(client: Client) -> None:
    page = client.get("/api/docs")

    assert b"document.cookie.match(/mjproxy_csrf=([0-9A-Za-z]+)/)" in page.content
    assert not re.search(rb'"\w{64}"', page.content)
    assert not page.cookies


@pytest.mark.parametrize("path", PATHS)
def test_it_is_only_looked_at(client: Client, path: str) -> None:
    assert client.head(path).status_code == 200
    assert client.post(path).status_code == 405


def test_its_examples_hold_no_present_time(client: Client) -> None:
    times = re.findall(r'"timestamp": ?"(\d+)"', client.get("/api/schema").text)

    assert times
    assert len(set(times)) == 1
