"""Every page, as page checkers see it: nothing unreadable, nothing that jumps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response, Route, expect

from accounts.state.links import verification_path
from tests.e2e.browser import DONE, PATIENCE, file, needs_browser
from tests.e2e.harness import Product, Simulator
from tests.e2e.page_checks import (
    DESK,
    PHONE,
    admin_pages,
    barriers,
    is_wider_than_the_window,
    jumps,
    window,
)
from tests.pictures import data_url

pytestmark = needs_browser
ACCOUNTS = 3
WORDS = "a lighthouse at dawn, long exposure, mist over the rocks and the boats --ar"
SCRIPTS, PICTURES = "**/static/tasks/*.js", "**/images/**"
Json = dict[str, Any]


def populate(product: Product, sim: Simulator) -> list[str]:
    """Draw, fail, wait, describe and lock: a row of each kind; the drawn ones first."""
    shapes = ["1:1", "3:2", "9:16", "16:9", "4:5"]
    hook = {"notifyHook": f"{sim.url}/nobody"}
    drawn = [product.imagine(f"{WORDS} {shape}", **hook) for shape in shapes]
    picture = data_url(file("navy")["buffer"])
    there = {"instanceId": product.accounts[1].channel_id}
    drawn.append(product.submit("describe", base64=picture, accountFilter=there))
    product.wait_all(drawn)
    sim.rule({"prompt_regex": "a slow river"}, {"hang_at": 31})
    product.wait_for(product.imagine("a slow river"), "IN_PROGRESS")
    locked = product.accounts[0]
    sim.rule({"account": locked.name}, {"verify": True}, times=1)
    here = {"instanceId": locked.channel_id}
    product.wait_for(product.imagine("a door", accountFilter=here))
    return drawn


@pytest.fixture(scope="module")
def drawn(product: Product, sim: Simulator) -> list[str]:
    return populate(product, sim)


@pytest.fixture(scope="module")
def operator(browser: Browser, product: Product, drawn: list[str]) -> Iterator[Page]:
    """One window for all tests, signed in."""
    with window(browser, product) as page:
        page.goto(product.url)
        page.get_by_label("API key").fill(product.api_key)
        page.get_by_role("button", name="Sign in with the key").click()
        expect(page.get_by_test_id("live")).to_have_text("Live", timeout=PATIENCE)
        yield page


def open_at(page: Page, address: str, width: int = PHONE) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    page.emulate_media(color_scheme="light")
    page.goto(address)


def problems(page: Page) -> list[str]:
    """Return what is wrong with the page that was opened on a phone."""
    found = [f"jumps: {each}" for each in jumps(page)]
    if is_wider_than_the_window(page):
        found.append("is wider than a phone")
    return found + barriers(page)


@pytest.mark.timeout(900)  # axe looks at each of many pages
def test_a_stranger_can_read_every_page(browser: Browser, product: Product) -> None:
    found: dict[str, list[str]] = {}
    with window(browser, product) as page:
        for path in ("/sign-in", "/sign-in?next=/admin/", "/nowhere", "/api/docs"):
            open_at(page, product.url + path)
            expect(page.get_by_role("heading", level=1).first).to_be_visible()
            found[path] = problems(page)
        open_at(page, f"{product.url}/sign-in")
        page.get_by_label("API key").fill("mjp_wrong")
        page.get_by_role("button", name="Sign in with the key").click()
        expect(page.get_by_test_id("sign-in-error")).to_be_visible()
        found["refused"] = barriers(page)

    assert {path: each for path, each in found.items() if each} == {}


@pytest.mark.timeout(900)  # axe looks at each of many pages
def test_an_operator_can_read_every_page_of_the_admin(
    operator: Page, product: Product
) -> None:
    paths = admin_pages(product)
    found: dict[str, list[str]] = {}

    for path in [*paths, verification(product), "/admin/nowhere/"]:
        open_at(operator, product.url + path)
        found[path] = problems(operator)

    assert {path: each for path, each in found.items() if each} == {}
    assert len(paths) > 45  # lists, forms, deletions of each model


@pytest.mark.timeout(900)  # axe looks at each of many pages
def test_a_user_can_read_every_page_of_their_own(
    operator: Page, product: Product
) -> None:
    found: dict[str, list[str]] = {}
    for path in ("/me/keys", "/me/usage", "/me/webhooks", "/me/data", "/account/"):
        open_at(operator, product.url + path)
        found[path] = problems(operator)

    open_at(operator, f"{product.url}/me/keys")
    operator.get_by_role("button", name="Make the key").click()
    expect(operator.get_by_test_id("new-key")).to_be_visible()
    found["a new key"] = problems(operator)

    assert {path: each for path, each in found.items() if each} == {}


def verification(product: Product) -> str:
    """Return the page of the account that is asked whether it is human."""
    channel = product.accounts[0].channel_id
    account: Json = product.api("GET", f"/mj/account/{channel}/fetch")
    assert account["state"] == "verification"
    return verification_path(int(account["id"]))


@pytest.mark.parametrize(
    "model", ["tasks/task", "tasks/webhookdelivery", "accounts/discordaccount"]
)
def test_filters_have_names(operator: Page, product: Product, model: str) -> None:
    open_at(operator, f"{product.url}/admin/{model}/", DESK)

    operator.locator('[x-on\\:click="filterOpen = true"]').first.click()
    expect(operator.locator("#changelist-filter")).to_be_visible()

    assert barriers(operator) == []


def test_a_form_with_mistakes_can_be_read(operator: Page, product: Product) -> None:
    open_at(operator, f"{product.url}/admin/accounts/discordaccount/add/", DESK)

    operator.locator("form#discordaccount_form").evaluate(
        "form => form.noValidate = true"
    )
    operator.get_by_role("button", name="Save", exact=True).click()
    expect(operator.get_by_text("Please correct the errors below")).to_be_visible()

    assert barriers(operator) == []


def test_the_drawing_page_can_be_read_in_every_mode(
    operator: Page, product: Product
) -> None:
    found: dict[str, list[str]] = {}

    open_at(operator, product.url)
    expect(operator.locator(DONE).first).to_be_visible()
    found["draw"] = problems(operator)
    for mode in ("blend", "describe", "shorten", "video"):
        operator.get_by_test_id(f"mode-{mode}").click()
        found[mode] = barriers(operator)
    operator.get_by_test_id("draw").click()
    expect(operator.get_by_test_id("composer-error")).to_be_visible()
    found["refused"] = barriers(operator)

    assert {mode: each for mode, each in found.items() if each} == {}


def test_its_windows_can_be_read(
    operator: Page, product: Product, drawn: list[str]
) -> None:
    open_at(operator, product.url)
    card = operator.locator(f'[data-testid=card][data-id="{drawn[-1]}"]')

    card.get_by_test_id("edit-this").first.click()
    expect(operator.get_by_test_id("window")).to_be_visible(timeout=PATIENCE)
    in_window = barriers(operator)
    operator.get_by_test_id("window-later").click()
    operator.set_viewport_size({"width": PHONE, "height": 740})
    operator.locator(DONE).get_by_test_id("picture-link").first.click()
    expect(operator.get_by_test_id("viewer")).to_be_visible()
    in_viewer = barriers(operator)

    assert (in_window, in_viewer) == ([], [])


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_drawing_page_holds_still_on_a_slow_line(
    operator: Page, product: Product, width: int
) -> None:
    scripts, pictures = held(operator, SCRIPTS), held(operator, PICTURES)
    operator.set_viewport_size({"width": width, "height": 740})
    operator.goto(product.url, wait_until="commit")
    operator.wait_for_function(
        "performance.getEntriesByName('first-contentful-paint').length"
    )

    with operator.expect_request(PICTURES):
        let_go(operator, SCRIPTS, scripts)
    expect(operator.get_by_test_id("card").first).to_be_visible()
    let_go(operator, PICTURES, pictures)
    expect(operator.locator(DONE).first.get_by_test_id("picture")).to_be_visible()

    assert jumps(operator) == []


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_task_of_the_admin_holds_still_while_its_picture_comes(
    operator: Page, product: Product, drawn: list[str], width: int
) -> None:
    pictures = held(operator, PICTURES)
    with operator.expect_request(PICTURES):
        operator.set_viewport_size({"width": width, "height": 740})
        address = f"{product.url}/admin/tasks/task/{drawn[2]}/change/"
        operator.goto(address, wait_until="domcontentloaded")

    let_go(operator, PICTURES, pictures)
    operator.wait_for_function("document.querySelector('.task-picture').naturalWidth")

    assert jumps(operator) == []


def held(page: Page, which: str) -> list[Route]:
    """Hold requests back; return the list that they come into."""
    waiting: list[Route] = []
    page.route(which, lambda route: waiting.append(route))
    return waiting


def let_go(page: Page, which: str, waiting: list[Route]) -> None:
    """Send what was held back, after the page was painted without it."""
    page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
    )
    for route in waiting:
        route.continue_()
    page.unroute(which)


def test_a_list_of_tasks_gives_the_prompt_room_on_a_phone(
    operator: Page, product: Product
) -> None:
    open_at(operator, f"{product.url}/admin/tasks/task/")

    prompt = operator.locator(".task-prompt").first.bounding_box()

    assert prompt
    assert prompt["width"] > 280


@pytest.mark.parametrize("path", ["/", "/admin/tasks/task/"])
def test_static_files_are_small_and_fetched_once(
    operator: Page, product: Product, path: str
) -> None:
    seen: list[Response] = []

    def see(response: Response) -> None:
        seen.append(response)

    operator.on("response", see)

    operator.goto("about:blank")
    operator.goto(product.url + path, wait_until="load")
    operator.remove_listener("response", see)

    files = [each for each in seen if "/static/" in each.url]
    assert files
    for each in files:
        assert "immutable" in each.headers["cache-control"], each.url
        if each.url.endswith((".css", ".js")):
            assert each.headers["content-encoding"] == "gzip", each.url
    page = next(each for each in seen if each.url == product.url + path)
    assert page.headers["content-encoding"] == "gzip"
    assert operator.evaluate(FETCHED_AGAIN) == []


FETCHED_AGAIN = """() => performance.getEntriesByType("resource")
    .filter((each) => each.name.includes("/static/") && each.transferSize)
    .map((each) => each.name)"""


def test_an_operators_page_asks_for_their_own_drawings(
    operator: Page, product: Product, drawn: list[str]
) -> None:
    berta: Json = product.api("POST", "/mj/admin/user", {"name": "berta"})["data"]
    body = {"prompt": "a barn"}
    other = product.api("POST", "/mj/submit/imagine", body, key=berta["token"])

    with operator.expect_response("**/mj/task/list*") as listed:
        operator.goto(product.url)

    rows: list[Json] = listed.value.json()
    mine = operator.locator("body").get_attribute("data-user")
    assert {row["userId"] for row in rows} == {mine}
    assert other["result"] not in {row["id"] for row in rows}
    assert set(drawn) <= {row["id"] for row in rows}


@pytest.mark.parametrize(
    ("model", "action", "address"),
    [
        ("tasks/movein", "Move in…", "/move-in/"),
        ("tasks/bannedwordgroup", "Try a prompt", "/try-words/"),
        ("accounts/discordaccount", "Import…", "/import-accounts/"),
    ],
)
def test_the_actions_of_a_list_are_reached_on_a_phone(
    operator: Page, product: Product, model: str, action: str, address: str
) -> None:
    """By keyboard too: a button with a name shows them, and Escape hides them."""
    open_at(operator, f"{product.url}/admin/{model}/")
    more = operator.get_by_role("button", name="Actions", exact=True)
    link = operator.get_by_role("link", name=action)

    more.press("Enter")
    expect(link).to_be_visible()
    expect(more).to_have_attribute("aria-expanded", "true")
    shown = barriers(operator)
    operator.set_viewport_size({"width": PHONE, "height": 740})
    more.press("Escape")
    expect(link).to_be_hidden()
    more.click()
    link.click()

    expect(operator).to_have_url(re.compile(f"{address}$"))
    assert shown == []


def test_no_cell_of_a_list_is_cut_off_on_a_phone(
    operator: Page, product: Product
) -> None:
    open_at(operator, f"{product.url}/admin/accounts/discordaccount/")

    cells = operator.locator("#result_list .data-row > td")
    cut = cells.evaluate_all(
        "(cells) => cells.filter((each) => each.scrollHeight > each.clientHeight + 1)"
        ".map((each) => each.innerText)"
    )

    assert operator.locator(".account-reason").first.is_visible()
    assert cut == []
