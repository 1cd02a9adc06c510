"""Moving in from each line over HTTP: processes die, sources lie, all comes once."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import web
from playwright.sync_api import Browser, Page, expect

from mjproxy.lib.process import event_loop
from tests.e2e.admin_session import AdminSession
from tests.e2e.browser import PATIENCE, card_of, file, needs_browser, signed_in
from tests.e2e.harness import ROOT, Product, eventually
from tests.e2e.page_checks import PHONE, barriers, jumps, window
from tests.http_server import Handler, Server, always, never, serving
from tests.tasks.moving.old_servers import KEY, CSharp, Java, Plus, account, task

ACCOUNTS = 1
LIST: Final = "/admin/tasks/movein/"
MANY: Final = 250  # tasks: three pages
PNG: Final = file("navy")["buffer"]
SETTINGS: Final = """
mj:
  accounts:
    - {guild-id: "1118138338562560101", channel-id: "1118138338562730001",
       user-token: very-secret-token-9}
"""


class Gate:
    """A source that holds one request back until it is opened."""

    def __init__(self, inner: Handler, path: str, number: int) -> None:
        self.inner, self.path, self.number = inner, path, number
        self.came = 0
        self.is_open = asyncio.Event()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if request.path == self.path:
            self.came += 1
            if self.came == self.number:
                await self.is_open.wait()
        return await self.inner(request)

    def wait(self) -> None:
        """Wait until that request is there."""
        eventually(lambda: self.came >= self.number, what=f"{self.path} is asked")


class WithPictures:
    """A source that has the pictures of its tasks too, each with other bytes."""

    def __init__(self, inner: Handler) -> None:
        self.inner = inner

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/pictures/"):
            return web.Response(body=picture_at(request.path))
        return await self.inner(request)


def picture_at(path: str) -> bytes:
    return PNG + path.encode()  # what follows its end is no matter to a PNG


@pytest.fixture(scope="module")
def admin(product: Product) -> AdminSession:
    return AdminSession(product)


def begin(admin: AdminSession, source: str, host: str, **more: str) -> str:
    """Begin a run by the form; return the address of its page."""
    path = f"{LIST}move-in/"
    admin.send(path, {"source": source, "host": host, "api_key": KEY, **more})
    return newest(admin)


def newest(admin: AdminSession) -> str:
    found = re.findall(rf'href="({LIST}\d+/change/)', admin.page(LIST))
    return str(found[0])


def report_of(admin: AdminSession, page: str) -> str:
    """Wait for the end of a run; return what its page says."""

    def over() -> str | None:
        text = admin.page(page)
        return None if '"state">Runs<' in text else text

    return eventually(over, what="the move is over")


def seen(text: str, part: str) -> tuple[int, int, int]:
    """Return how many rows the report calls taken, skipped and refused."""
    told = re.search(
        rf"^.*\b{part}: (\d+) taken, (\d+) skipped, (\d+) refused", text, re.M
    )
    assert told, text
    return int(told[1]), int(told[2]), int(told[3])


def here(product: Product, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the product's tasks with the ids of these rows, in their order."""
    ids = [row["id"] for row in rows]
    found = {each["id"]: each for each in product.tasks(ids)}
    return [found[each] for each in ids if each in found]


def numbered(first: int, **members: Any) -> list[dict[str, Any]]:
    """Return tasks as a source lists them: the newest first, each of the one before."""
    rows = [task(first + number, **members) for number in range(MANY)]
    for row, parent in zip(rows[1:], rows, strict=False):
        row["parentId"] = parent["id"]
    return rows[::-1]


def copied(admin: AdminSession, page: str) -> str:
    """Wait until no picture of a run is left; return what its page says of them."""

    def over() -> str | None:
        told = re.search(r'data-testid="pictures">([^<]*)<', admin.page(page))
        return told[1] if told and " 0 left" in told[1] else None

    return eventually(over, what="no picture is left", limit=120)


def test_plus_moves_in_with_its_pictures_though_the_worker_dies(
    product: Product, admin: AdminSession
) -> None:
    """The pictures are shown when the old server is no more."""
    rows = numbered(0)
    source = WithPictures(Plus([account(1)], rows))
    pictures = Gate(source, f"/pictures/{rows[MANY // 2]['id']}.png", 1)
    gate = Gate(pictures, "/mj/task-admin/query", 3)
    with serving(gate) as server:
        for row in rows:
            row["imageUrl"] = f"{server.origin}/pictures/{row['id']}.png"
        asked = {"host": server.origin, "apiSecret": KEY}
        answer = product.api("POST", "/mj/admin/mjplus-migration", asked)
        assert answer["success"], answer
        gate.wait()  # two pages are written
        product.kill("worker")
        open_gate(gate)
        page = newest(admin)
        first = report_of(admin, page)
        pictures.wait()  # half of the pictures are copied
        product.kill("worker")
        open_gate(pictures)
        told = copied(admin, page)
        second = report_of(admin, begin(admin, "plus", server.origin))

    assert (seen(first, "accounts"), seen(first, "tasks")) == ((1, 0, 0), (MANY, 0, 0))
    assert (seen(second, "accounts"), seen(second, "tasks")) == (
        *((0, 1, 0), (0, MANY, 0)),
    )
    assert told == f"Pictures: {MANY} copied, 0 left, 0 given up"
    moved = here(product, rows)
    assert len(moved) == MANY
    parents = [each["parentId"] for each in moved]
    assert parents == [row.get("parentId") for row in rows]
    for each in moved:
        assert product.picture(each) == picture_at(f"/pictures/{each['id']}.png")
    assert KEY not in first + second + product.log.read_text()


def open_gate(gate: Gate) -> None:
    async def work() -> None:
        gate.is_open.set()

    event_loop.run(work())


def test_the_csharp_line_moves_in_though_everything_dies(
    product: Product, admin: AdminSession
) -> None:
    rows = numbered(1000, userId="1" * 32)
    person = {"id": "1" * 32, "name": "li", "token": "c" * 64, "role": "USER"}
    source = CSharp(
        domain_tags=[{"id": "t", "name": "Animals", "keywords": ["fox"]}],
        banned_words=[{"id": "w", "name": "Mine", "keywords": ["gore"]}],
        users=[person],
        accounts=[account(20)],
        tasks=rows,
    )
    source.settings["notify"] = "Closed on Sunday"
    gate = Gate(source, "/mj/admin/tasks", 2)
    with serving(gate) as server:
        page = begin(admin, "csharp", server.origin)
        gate.wait()
        product.kill_all()
        open_gate(gate)
        product.restart()
        first = report_of(admin, page)
        second = report_of(admin, begin(admin, "csharp", server.origin))

    parts = ("subjects", "words", "users", "accounts")
    assert [seen(first, part) for part in parts] == [(1, 0, 0)] * 4
    assert [seen(second, part) for part in parts] == [(0, 1, 0)] * 4
    assert (seen(first, "tasks"), seen(second, "tasks")) == (
        *((MANY, 0, 0), (0, MANY, 0)),
    )
    own = product.api("POST", "/mj/task/list-by-ids", {"ids": ids(rows)}, key="c" * 64)
    assert len(own) == MANY


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


def test_the_java_line_moves_in_though_the_command_dies(
    product: Product, admin: AdminSession, tmp_path: Path
) -> None:
    rows = numbered(2000)
    gate = Gate(Java(rows), "/mj/task/list", 1)
    with serving(gate) as server:
        with command(product, server, tmp_path) as moving:
            gate.wait()
            moving.kill()
        open_gate(gate)
        first = report_of(admin, newest(admin))
        with command(product, server, tmp_path) as moving:
            second, errors = moving.communicate(timeout=120)
        assert moving.returncode == 0, errors

    assert (seen(first, "accounts"), seen(first, "tasks")) == ((1, 0, 0), (MANY, 0, 0))
    assert (seen(second, "accounts"), seen(second, "tasks")) == (
        *((0, 1, 0), (0, MANY, 0)),
    )
    assert len(here(product, rows)) == MANY


def command(product: Product, server: Server, folder: Path) -> subprocess.Popen[str]:
    key, file = folder / "key", folder / "application.yml"
    key.write_text(KEY)
    file.write_text(SETTINGS)
    words = ["--host", server.origin, "--key-file", str(key)]
    return subprocess.Popen(
        [
            *(sys.executable, str(ROOT / "manage.py"), "move_in", "java", *words),
            *("--settings-file", str(file)),
        ],
        cwd=ROOT,
        env=product.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def endless(request: web.Request) -> web.StreamResponse:
    """Give the same page for ever, as if there were one after each."""
    body = json.dumps({"content": [task(1)], "last": False}).encode()
    return web.Response(body=body, content_type="application/json")


PRIVATE: Final = {"Location": "http://169.254.169.254/latest/meta-data"}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (always(body=b"\xff<html>"), "accounts: the answer is not JSON"),
        (always(302, headers=PRIVATE), "accounts: HTTP 302: the source redirects"),
        (endless, "accounts: the list of accounts does not end"),
        (never, "accounts: timed out"),
        (always(401), "accounts: HTTP 401: the source does not accept the key"),
    ],
)
def test_a_source_that_lies_ends_with_clear_words(
    admin: AdminSession, source: Handler, words: str
) -> None:
    with serving(source) as server:
        said = report_of(admin, begin(admin, "plus", server.origin))

    assert words in said
    assert ">Failed<" in said
    assert "Traceback" not in said


@contextmanager
def operator(browser: Browser, product: Product) -> Iterator[Page]:
    with window(browser, product) as page:
        page.goto(product.url)
        page.get_by_label("API key").fill(product.api_key)
        page.get_by_role("button", name="Sign in with the key").click()
        expect(page.get_by_test_id("live")).to_have_text("Live", timeout=PATIENCE)
        yield page


def fill(page: Page, product: Product, server: Server, *, is_dry: bool) -> None:
    """Begin a run by the form."""
    page.set_viewport_size({"width": PHONE, "height": 740})
    page.goto(f"{product.url}{LIST}")
    page.get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("link", name="Move in…").click()
    page.get_by_label("Source").select_option("plus")
    page.get_by_label("Address").fill(server.origin)
    page.get_by_label("Key of an operator there").fill(KEY)
    page.get_by_label("Dry run").set_checked(is_dry)
    page.get_by_role("button", name="Begin").click()


def expect_report(page: Page) -> None:
    """Wait until the page shows the end of the run by itself."""
    expect(page.get_by_test_id("state")).to_have_text("Done", timeout=PATIENCE)
    report = page.get_by_test_id("report")
    expect(report).to_contain_text("accounts: 1 taken, 0 skipped, 0 refused")
    expect(report).to_contain_text(f"tasks: {MANY} taken, 0 skipped, 0 refused")


@needs_browser
def test_an_operator_rehearses_a_move_and_then_makes_it(
    browser: Browser, product: Product
) -> None:
    rows = numbered(3000)
    gate = Gate(Plus([account(40)], rows), "/mj/task-admin/query", 2)
    with serving(gate) as server, operator(browser, product) as page:
        fill(page, product, server, is_dry=True)
        expect(page.get_by_test_id("where")).to_have_text(
            "tasks, page 2", timeout=PATIENCE
        )
        under_way = barriers(page)
        open_gate(gate)
        expect_report(page)
        expect(page.get_by_test_id("progress")).to_contain_text("dry run")
        rehearsed = barriers(page)
        assert here(product, rows) == []

        fill(page, product, server, is_dry=False)
        expect_report(page)
        done = barriers(page)
        shaken = jumps(page)

    assert (under_way, rehearsed, done, shaken) == ([], [], [], [])
    assert len(here(product, rows)) == MANY


@needs_browser
def test_a_picture_on_another_server_is_a_link_and_nothing_is_loaded_from_there(
    browser: Browser, product: Product, admin: AdminSession
) -> None:
    row = task(4001, imageUrl="https://pictures.example/images/4001.png")
    with serving(Plus([], [row])) as server:
        report_of(admin, begin(admin, "plus", server.origin))

    asked: list[str] = []
    with signed_in(browser, product) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.reload()
        card = card_of(page, row["id"])
        link = card.get_by_test_id("elsewhere")
        expect(link).to_have_text(
            "The picture is on another server. Open it at pictures.example",
            timeout=PATIENCE,
        )
        expect(link).to_have_attribute("href", row["imageUrl"])
        expect(card.get_by_test_id("picture")).to_be_hidden()
        in_admin = page.context.new_page()
        in_admin.goto(f"{product.url}/admin/tasks/task/{row['id']}/change/")
        there = in_admin.get_by_role("link", name=row["imageUrl"])
        expect(there).to_have_attribute("href", row["imageUrl"])
        expect(in_admin.locator("img.task-picture")).to_have_count(0)

    assert [url for url in asked if "4001.png" in url] == []
