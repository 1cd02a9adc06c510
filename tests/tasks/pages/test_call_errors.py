"""Errors of calls are shown in the language of the page."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from typing import Final

import pytest
from django.test import Client
from django.utils import translation

from accounts.models import User
from mjproxy.lib.safe_http import client
from mjproxy.lib.validators import addresses
from tasks.pages import call_errors
from tasks.webhooks import posting
from tests.tasks.pages.test_webhooks import PAGE, call_of
from tests.texts.shown import english_in

# What a call can fail with: the check of its address, the resolver, the connection.
SOURCES: Final = (
    client.reason_of,
    client._checked,
    client.GuardedResolver.resolve,
    addresses.parts_of,
    addresses._place,
)
SYSTEM: Final = ("Connection refused", "No route to host", "refused")
NAMES: Final = {"HTTP", "HTTPS", "TLS", "API", "Token", "mjproxy", "alice", "UTC"}


def said_by(function: object) -> Iterator[str]:
    """Yield the English texts in a function: what it returns, or an error's second."""
    tree = ast.parse(inspect.cleandoc("\n" + inspect.getsource(function)))  # type: ignore[arg-type]
    for node in ast.walk(tree):
        if isinstance(node, ast.Return) and (text := text_of(node.value)):
            yield text
        if (
            isinstance(node, ast.Call)
            and len(node.args) == 2
            and (text := text_of(node.args[1]))
        ):
            yield text


def text_of(node: ast.expr | None) -> str:
    """Return a literal text; values in it are a system's words or a number."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=[ast.Constant(value=str(before)), value, *rest]):
            word = "refused" if "connect" in before else "7"
            assert isinstance(value, ast.FormattedValue)
            return before + word + "".join(text_of(each) for each in rest)
    return ""


ALL: Final = sorted(
    {
        *(text for function in SOURCES for text in said_by(function)),
        *(en for _, en in [addresses._SCHEMES[addresses.HTTP]]),
        *(f"cannot connect: {words}" for words in SYSTEM),
        posting.UNSIGNED,
    }
)


def test_the_texts_are_found() -> None:
    assert {"timed out", "the name leads to a private address"} < set(ALL)
    assert {"longer than 7 characters", "port 7 is not one of HTTP"} < set(ALL)
    assert len(ALL) > 15


@pytest.mark.parametrize("error", ALL)
def test_each_error_has_its_chinese(error: str) -> None:
    with translation.override("zh-hans"):
        said = call_errors.in_words(error)

    assert said
    assert english_in(said, NAMES) == {}
    with translation.override("en"):
        assert call_errors.in_words(error) == error


@pytest.mark.parametrize("error", ["", "HTTP 500", "cannot connect: <b>", "odd"])
def test_another_error_has_no_other_words(error: str) -> None:
    with translation.override("zh-hans"):
        assert call_errors.in_words(error) == ""


@pytest.mark.django_db
def test_the_page_shows_them(alice: User) -> None:
    page = Client(headers={"Accept-Language": "zh-CN"})
    page.force_login(alice)
    call_of(alice, error="timed out")
    call_of(alice, error="OddError <b>")
    call_of(alice, error="HTTP 503", response_status=503)

    said = page.get(PAGE).content.decode()

    assert "超时" in said
    assert '<span lang="en">OddError &lt;b&gt;</span>' in said
    assert said.count("HTTP 503") == 1
