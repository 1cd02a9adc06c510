"""The drawing page and the admin in a real browser, in front of real processes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.browser import DONE, PATIENCE, bring, draw, file, needs_browser
from tests.e2e.harness import Product, Simulator

pytestmark = needs_browser


def test_a_prompt_becomes_a_picture_whose_button_draws(page: Page) -> None:
    draw(page, "a kite over the dunes")
    grid = page.locator(DONE).filter(has_text="a kite over the dunes").last
    expect(grid).to_be_visible(timeout=PATIENCE)
    expect(grid.get_by_test_id("picture")).to_be_visible()

    grid.get_by_role("button", name=re.compile("^U2")).click()

    origin = page.get_by_test_id("origin").first
    expect(origin).to_have_text(re.compile("U2"))
    single = page.locator(DONE).filter(has=page.get_by_text("Upscale (Subtle)")).first
    expect(single).to_be_visible(timeout=PATIENCE)
    expect(grid.locator(".press.pressed")).to_have_text("U2")


def test_progress_and_preview_are_live(page: Page, sim: Simulator) -> None:
    rule = sim.rule({"prompt_regex": "a slow river"}, {"hang_at": 31})

    draw(page, "a slow river")
    card = page.get_by_test_id("card").first
    bar = card.get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuenow", "31", timeout=PATIENCE)
    expect(card.get_by_test_id("picture")).to_be_visible(timeout=PATIENCE)
    card.get_by_test_id("cancel").click()

    expect(card).to_have_attribute("data-status", "FAILURE", timeout=PATIENCE)
    expect(card.get_by_test_id("reason")).to_contain_text("cancel")
    sim.ask("DELETE", f"rules/{rule}")


def test_a_card_says_why_it_waits(page: Page, sim: Simulator) -> None:
    match = {"route": "POST /interactions", "prompt_regex": "a patient heron"}
    slow = {"status": 429, "body": {"message": "slow down", "retry_after": 3}}
    sim.rule(match, {"http": slow}, times=1)

    draw(page, "a patient heron")

    card = page.get_by_test_id("card").filter(has_text="a patient heron").first
    waits = card.get_by_test_id("waiting-for")
    expect(waits).to_contain_text("Sent again soon: Discord 429", timeout=PATIENCE)
    expect(card).to_have_attribute("data-status", "SUCCESS", timeout=PATIENCE)
    expect(waits).to_be_empty()


def test_the_page_works_by_keyboard_alone(page: Page) -> None:
    page.get_by_test_id("prompt").focus()
    page.keyboard.type("a lantern")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # 3:2

    expect(page.get_by_test_id("prompt")).to_have_value("a lantern --ar 3:2")
    expect(page.get_by_test_id("aspect-3:2")).to_have_attribute("aria-pressed", "true")
    for _ in range(7):
        page.keyboard.press("Tab")
    expect(page.get_by_test_id("draw")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_test_id("card-prompt").first).to_have_text("a lantern --ar 3:2")


def test_a_refusal_is_shown_where_it_was_asked(page: Page) -> None:
    page.get_by_test_id("draw").click()

    expect(page.get_by_test_id("composer-error")).to_be_visible()


def test_drawings_are_there_after_a_reload(page: Page) -> None:
    draw(page, "a tin soldier")

    page.reload()

    expect(page.get_by_test_id("card-prompt").first).to_have_text("a tin soldier")


def test_an_empty_list_of_the_admin_fills_by_itself(
    page: Page, product: Product
) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{product.url}/admin/tasks/task/?q=a+barge+in+the+admin")
    expect(page.get_by_text("No results found")).to_be_visible()

    task_id = product.imagine("a barge in the admin")

    row = page.locator("tr.data-row").filter(has_text=task_id)
    expect(row).to_be_visible(timeout=PATIENCE)


def test_the_admin_shows_accounts_and_tasks_live(page: Page, product: Product) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{product.url}/admin/accounts/discordaccount/")
    expect(page.locator("#result_list").get_by_text("Ready")).to_have_count(
        len(product.accounts)
    )

    page.goto(f"{product.url}/admin/tasks/task/")
    task_id = product.imagine("a lighthouse in the admin")
    row = page.locator("tr.data-row").filter(has_text=task_id)
    # The list renews itself; nobody reloads it here.
    expect(row).to_contain_text(re.compile("Success", re.I), timeout=PATIENCE)
    expect(row.locator(".task-thumbnail")).to_be_visible()


def test_nothing_can_be_sent_before_the_scripts_have_come(page: Page) -> None:
    held: list[Route] = []
    page.route(re.compile(r"/draw(\.\w+)?\.js$"), lambda route: held.append(route))
    page.reload(wait_until="commit")
    send, address = page.get_by_test_id("draw"), page.url
    page.get_by_test_id("prompt").fill("an early bird")
    send.click(force=True)

    expect(send).to_be_disabled()
    assert page.url == address
    expect(page.get_by_test_id("prompt")).to_have_value("an early bird")
    for route in held:
        route.continue_()
    expect(send).to_be_enabled()
    send.click()
    expect(page.get_by_test_id("card-prompt").first).to_have_text("an early bird")


@pytest.fixture
def without_uploads(product: Product) -> Iterator[None]:
    product.api("POST", "/mj/admin/setting", {"enableUserCustomUploadBase64": False})
    yield
    product.api("POST", "/mj/admin/setting", {"enableUserCustomUploadBase64": True})


@pytest.mark.usefixtures("without_uploads")
def test_where_pictures_are_not_taken_links_are(page: Page) -> None:
    page.reload()
    expect(page.get_by_test_id("draw")).to_be_enabled()
    error = page.get_by_test_id("composer-error")
    expect(page.get_by_test_id("add-pictures")).to_be_hidden()
    expect(page.get_by_test_id("mode-blend")).to_have_count(0)

    for way in ("drop", "paste"):
        bring(page, way, file("teal"))
        expect(error).to_have_text(
            "Pictures cannot be added here. Use their web addresses."
        )
        expect(page.get_by_test_id("thumb")).to_have_count(0)

    page.get_by_test_id("mode-video").click()
    page.get_by_test_id("draw").click()
    expect(error).to_contain_text("begin with its web address")
    page.get_by_test_id("mode-describe").click()
    page.get_by_test_id("draw").click()
    expect(error).to_have_text("Enter the web address of the picture.")
    expect(page.get_by_test_id("link")).to_be_focused()
