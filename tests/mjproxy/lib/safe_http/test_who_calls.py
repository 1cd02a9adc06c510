"""Whatever calls an address: through the guard, or with a reason why not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from mjproxy.lib.process import event_loop
from mjproxy.lib.safe_http.client import Unfetchable, check_url, open_session
from tests.mjproxy.lib.safe_http.guarded_fetch import Answers
from tests.mjproxy.lib.safe_http.test_client import HOSTILE

ROOT: Final = Path(__file__).parents[4]
# Modules that make sessions of their own, and why they need no guard.
UNGUARDED: Final = {
    "mjproxy/lib/safe_http/client.py": "the guard itself",
    "tasks/pictures/cdn.py": "Discord's CDN alone; other hosts are UnknownSource",
    "tasks/prompts/asking.py": "the operator's translator",
}
CALLS: Final = {"get", "post", "put", "patch", "delete", "head", "request", "options"}


def product() -> Iterator[tuple[str, ast.AST]]:
    for package in ("accounts", "gateway", "mjproxy", "tasks"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith("gateway/simulator/"):
                yield name, ast.parse(path.read_text())


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def test_each_session_is_that_of_the_guard_or_has_a_reason() -> None:
    made = {
        name
        for name, tree in product()
        for call in calls(tree)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "ClientSession"
    }

    assert made == UNGUARDED.keys()


def test_no_session_follows_a_redirect_by_itself() -> None:
    found = 0
    for name, tree in product():
        text = ast.unparse(tree)
        is_calling = "import aiohttp" in text or "open_session" in text
        if not is_calling or "gateway/discord" in name:  # Discord's own addresses
            continue
        for call in calls(tree):
            target = call.func
            if not isinstance(target, ast.Attribute) or target.attr not in CALLS:
                continue
            if not re.fullmatch(r"(self\._)?session", ast.unparse(target.value)):
                continue
            said = {each.arg: ast.unparse(each.value) for each in call.keywords}
            assert said.get("allow_redirects") == "False", (name, ast.unparse(call))
            found += 1

    assert found >= 5


@pytest.mark.parametrize("url", [*HOSTILE, "http://127.0.0.1#@a.example/"])
def test_the_guard_refuses_private_addresses(url: str) -> None:
    with pytest.raises(Unfetchable):
        check_url(url)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1"])
def test_the_guards_sessions_refuse_names_that_lead_there(address: str) -> None:
    async def dial() -> None:
        resolver = Answers(address)
        async with (
            open_session(resolver=resolver) as session,
            session.get("http://a.example/", allow_redirects=False),
        ):
            raise AssertionError("connected")

    with pytest.raises(Unfetchable, match="private address"):
        event_loop.run(dial())
