"""Windows on the drawing page: remix, zoom, region, in a real browser."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from typing import Any, cast

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, Request, expect

from tests.e2e.browser import PATIENCE, card_of, finished, needs_browser, press
from tests.e2e.harness import Product, Simulator
from tests.e2e.remix_mode import remix

pytestmark = needs_browser


@pytest.fixture(scope="module")
def grid(product: Product) -> dict[str, Any]:
    return product.wait_for(product.imagine("a red fox in snow --ar 3:2"))


@pytest.fixture(scope="module")
def single(product: Product, grid: dict[str, Any]) -> dict[str, Any]:
    upscale = product.submit("change", taskId=grid["id"], action="UPSCALE", index=2)
    return product.wait_for(upscale)


@pytest.fixture
def remix_on(product: Product, sim: Simulator) -> Iterator[None]:
    remix(product, sim, on=True)
    yield
    remix(product, sim, on=False)


def window(page: Page) -> Locator:
    shown = page.get_by_test_id("window")
    expect(shown).to_be_visible()
    return shown


def newest_id(page: Page) -> str:
    return page.get_by_test_id("card").first.get_attribute("data-id") or ""


def confirm(page: Page) -> dict[str, Any]:
    """Send the window's answer; return what the page has sent."""
    with page.expect_request("**/submit/modal") as asked:
        page.get_by_test_id("window-confirm").click()
    expect(page.get_by_test_id("window")).to_be_hidden()
    request: Request = asked.value
    return cast("dict[str, Any]", json.loads(request.post_data or ""))


def mask_in(sent: dict[str, Any]) -> Image.Image:
    head, _, body = sent["maskBase64"].partition(",")
    assert head == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(body))).convert("RGB")


def test_a_remix_window_offers_the_prompt_and_draws_another(
    page: Page, product: Product, sim: Simulator, grid: dict[str, Any], remix_on: None
) -> None:
    press(finished(page, grid["id"]), "^V3")

    prompt = window(page).get_by_test_id("window-prompt")
    expect(prompt).to_have_value("a red fox in snow --ar 3:2")
    expect(prompt).to_be_focused()
    prompt.fill("a blue fox in snow --ar 3:2")
    prompt.press("Control+Enter")

    expect(page.get_by_test_id("window")).to_be_hidden()
    task_id = newest_id(page)
    card = finished(page, task_id)
    expect(card.get_by_test_id("card-prompt")).to_have_text(
        "a blue fox in snow --ar 3:2"
    )
    job = sim.job_of(product.task(task_id))
    assert "a blue fox" in job["echoed_prompt"]
    assert (job["index"], job["parent_job"]) == (3, grid["jobId"])


def test_custom_zoom_writes_its_factor_into_the_prompt(
    page: Page, product: Product, sim: Simulator, single: dict[str, Any]
) -> None:
    press(finished(page, single["id"]), "Custom zoom")

    expect(window(page).get_by_test_id("window-prompt")).to_have_value(
        "a red fox in snow --ar 3:2 --zoom 2"
    )
    page.get_by_test_id("zoom-factor").fill("1.5")
    expect(page.get_by_test_id("window-prompt")).to_have_value(
        "a red fox in snow --ar 3:2 --zoom 1.5"
    )
    confirm(page)

    task_id = newest_id(page)
    finished(page, task_id)
    assert "--zoom 1.5" in sim.job_of(product.task(task_id))["echoed_prompt"]


def test_a_refused_answer_is_told_in_words_and_may_be_mended(
    page: Page, single: dict[str, Any]
) -> None:
    press(finished(page, single["id"]), "Custom zoom")
    window(page).get_by_test_id("window-prompt").fill("a red fox --zoom 7")

    page.get_by_test_id("window-confirm").click()

    expect(page.get_by_test_id("window-error")).to_have_text(
        "--zoom is above 1 and at most 2"
    )
    page.get_by_test_id("window-prompt").fill("a red fox --zoom 1.2")
    confirm(page)
    finished(page, newest_id(page))


def open_region(page: Page, single: dict[str, Any]) -> Locator:
    press(finished(page, single["id"]), "Region")
    canvas = window(page).get_by_test_id("mask-canvas")
    expect(page.get_by_test_id("mask-news")).to_have_text("Nothing is marked yet.")
    return canvas


def drag(page: Page, canvas: Locator, *points: tuple[float, float]) -> None:
    """Draw over the canvas; the points are shares of its width and height."""
    box = canvas.bounding_box()
    assert box is not None
    at = [
        (box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points
    ]
    page.mouse.move(*at[0])
    page.mouse.down()
    for point in at[1:]:
        page.mouse.move(*point, steps=4)
    page.mouse.up()


def test_a_region_is_painted_and_drawn_anew(
    page: Page, product: Product, sim: Simulator, single: dict[str, Any]
) -> None:
    canvas = open_region(page, single)
    drag(page, canvas, (0.8, 0.8), (0.9, 0.9))
    page.get_by_test_id("mask-undo").click()
    expect(page.get_by_test_id("mask-news")).to_have_text("Nothing is marked yet.")
    page.get_by_test_id("tool-rectangle").click()
    drag(page, canvas, (0.01, 0.01), (0.5, 0.25))
    expect(page.get_by_test_id("mask-news")).to_contain_text("1")  # 12 or 13 %
    page.get_by_test_id("window-prompt").fill("a red scarf")

    sent = confirm(page)

    mask = mask_in(sent)
    assert mask.size == (single["imageWidth"], single["imageHeight"])
    assert mask.getpixel((1, 1)) == (255, 255, 255)
    assert mask.getpixel((mask.width - 2, mask.height - 2)) == (0, 0, 0)
    task_id = newest_id(page)
    card = finished(page, task_id)
    expect(card.get_by_test_id("card-prompt")).to_have_text("a red scarf")
    job = sim.job_of(product.task(task_id))
    assert job["mask_white"] == pytest.approx(0.125, abs=0.03)
    assert not sim.violations(), sim.violations()


def test_brush_eraser_and_invert_leave_what_they_show(
    page: Page, single: dict[str, Any]
) -> None:
    canvas = open_region(page, single)
    drag(page, canvas, (0.25, 0.5), (0.75, 0.5))
    page.get_by_test_id("tool-eraser").click()
    drag(page, canvas, (0.75, 0.5), (0.7, 0.5))
    page.get_by_test_id("mask-invert").click()

    mask = mask_in(confirm(page))

    w, h = mask.size
    colours = [mask.getpixel((int(x * w), int(y * h))) for x, y in MARKS]
    assert colours == [(255,) * 3, (0,) * 3, (255,) * 3]


# A corner, the stroke, and where the eraser went over it.
MARKS = [(0.05, 0.05), (0.3, 0.5), (0.74, 0.5)]


def test_a_region_is_marked_by_keyboard_alone(
    page: Page, product: Product, sim: Simulator, single: dict[str, Any]
) -> None:
    region = finished(page, single["id"]).get_by_role("button", name="Region")
    region.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("tool-brush")).to_be_focused()

    page.get_by_test_id("mask-numbers").focus()
    page.keyboard.press("Enter")
    for value in ("0", "0", "100", "50"):
        page.keyboard.press("Tab")
        page.keyboard.press("Control+A")
        page.keyboard.type(value)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("mask-news")).to_have_text(
        "50 % of the picture is marked."
    )
    page.keyboard.press("Control+z")
    expect(page.get_by_test_id("mask-news")).to_have_text("Nothing is marked yet.")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_test_id("window-prompt")).to_be_focused()
    page.keyboard.press("Control+Enter")

    expect(page.get_by_test_id("window")).to_be_hidden()
    task_id = newest_id(page)
    expect(card_of(page, task_id)).to_be_focused()
    finished(page, task_id)
    white = sim.job_of(product.task(task_id))["mask_white"]
    assert white == pytest.approx(0.5, abs=0.03)


def test_nothing_is_sent_while_nothing_is_marked(
    page: Page, product: Product, single: dict[str, Any]
) -> None:
    open_region(page, single)

    page.get_by_test_id("window-confirm").click()

    expect(page.get_by_test_id("window-error")).to_contain_text("Mark first")
    assert product.task(newest_id(page))["status"] == "MODAL"


def test_a_window_that_was_closed_can_be_answered_after_a_reload(
    page: Page, single: dict[str, Any]
) -> None:
    press(finished(page, single["id"]), "Custom zoom")
    window(page)
    task_id = newest_id(page)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("window")).to_be_hidden()

    page.reload()

    card = card_of(page, task_id)
    expect(card.get_by_test_id("asking")).to_contain_text("Waiting for your answer")
    card.get_by_test_id("answer").click()
    expect(window(page).get_by_test_id("window-prompt")).to_have_value(
        "a red fox in snow --ar 3:2 --zoom 2"
    )
    confirm(page)
    finished(page, task_id)


def test_a_region_can_be_marked_after_a_reload(
    page: Page, single: dict[str, Any]
) -> None:
    open_region(page, single)
    task_id = newest_id(page)
    page.get_by_test_id("window-later").click()

    page.reload()
    card_of(page, task_id).get_by_test_id("answer").click()

    canvas = window(page).get_by_test_id("mask-canvas")
    expect(page.get_by_test_id("mask-news")).to_have_text("Nothing is marked yet.")
    drag(page, canvas, (0.2, 0.2), (0.6, 0.6))
    confirm(page)
    finished(page, task_id)


def test_cancelling_a_window_ends_its_task(page: Page, single: dict[str, Any]) -> None:
    press(finished(page, single["id"]), "Custom zoom")
    window(page)
    task_id = newest_id(page)

    page.get_by_test_id("window-cancel").click()

    expect(page.get_by_test_id("window")).to_be_hidden()
    card = card_of(page, task_id)
    expect(card).to_have_attribute("data-status", "FAILURE", timeout=PATIENCE)
    expect(card.get_by_test_id("answer")).to_be_hidden()


def test_a_window_closes_when_it_was_answered_elsewhere(
    page: Page, product: Product, single: dict[str, Any]
) -> None:
    press(finished(page, single["id"]), "Custom zoom")
    window(page)
    task_id = newest_id(page)

    product.submit("modal", taskId=task_id, prompt="a fox from elsewhere")

    expect(page.get_by_test_id("window")).to_be_hidden(timeout=PATIENCE)
    card = finished(page, task_id)
    expect(card.get_by_test_id("card-prompt")).to_have_text("a fox from elsewhere")
