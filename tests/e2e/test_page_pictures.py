"""Pictures on the drawing page, and what is found in them, in a real browser."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.e2e.browser import (
    DONE,
    PATIENCE,
    bring,
    card_of,
    draw,
    file,
    finished,
    needs_browser,
    press,
)
from tests.e2e.harness import Product, Simulator
from tests.pictures import data_url

pytestmark = needs_browser

HOSTILE = "<img src=x onerror=alert(1)>"


def choose(page: Page, mode: str, *files: FilePayload) -> None:
    """Choose a mode and give it files, which are then all shown."""
    page.get_by_test_id(f"mode-{mode}").click()
    page.get_by_test_id("files").set_input_files(list(files))
    expect(page.get_by_test_id("thumb")).to_have_count(len(files))


def send(page: Page, what: str) -> tuple[dict[str, Any], str]:
    """Press the composer's button; return what was sent, and the new task's id."""
    with page.expect_response(f"**/submit/{what}") as asked:
        page.get_by_test_id("draw").click()
    response = asked.value
    task_id = str(response.json()["result"])
    expect(card_of(page, task_id)).to_be_visible()
    return json.loads(response.request.post_data or ""), task_id


def bytes_of(url: str) -> bytes:
    return base64.b64decode(url.partition(",")[2])


def test_blending_takes_the_pictures_in_the_order_that_is_shown(
    page: Page, product: Product
) -> None:
    red, green, blue = (file(c) for c in ("red", "green", "blue"))
    choose(page, "blend", red, green, blue)
    page.get_by_role("button", name="Move picture 3 one place forward").click()
    expect(page.get_by_role("img", name="Picture 2: blue.png")).to_be_visible()
    page.get_by_role("button", name="Remove picture 3").click()
    expect(page.get_by_test_id("thumb")).to_have_count(2)
    page.get_by_test_id("dimensions-PORTRAIT").click()

    sent, task_id = send(page, "blend")

    assert [bytes_of(u) for u in sent["base64Array"]] == [red["buffer"], blue["buffer"]]
    assert sent["dimensions"] == "PORTRAIT"
    card = finished(page, task_id)
    expect(card.get_by_test_id("card-prompt")).to_have_text("Blended pictures")
    expect(card.get_by_test_id("picture")).to_be_visible()
    expect(page.get_by_test_id("thumb")).to_have_count(0)
    assert product.task(task_id)["action"] == "BLEND"


def test_too_few_pictures_are_told_before_anything_is_sent(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    choose(page, "blend", file("red"))

    page.get_by_test_id("draw").click()

    expect(page.get_by_test_id("composer-error")).to_have_text(
        "2 to 5 pictures are needed; there are 1."
    )
    assert not [url for url in asked if "/submit/" in url]


def test_a_sixth_picture_is_not_taken(page: Page) -> None:
    page.get_by_test_id("mode-blend").click()

    page.get_by_test_id("files").set_input_files([file("red")] * 6)

    expect(page.get_by_test_id("thumb")).to_have_count(5)
    expect(page.get_by_test_id("composer-error")).to_have_text(
        "At most 5 pictures can be used here."
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<script>alert(1)</script>", "is not a PNG, JPEG, WebP or GIF picture"),
        (b"\x89PNG\r\n\x1a\nnothing of the kind", "is not a PNG, JPEG"),
        (b"", "is not a PNG, JPEG"),
        (file("red")["buffer"] + bytes(10 << 20), "has more than 10 MB"),
    ],
    ids=["script", "broken", "empty", "large"],
)
def test_a_file_that_cannot_be_used_is_named_and_left_out(
    page: Page, content: bytes, why: str
) -> None:
    page.get_by_test_id("mode-describe").click()

    hostile: FilePayload = {
        "name": f"{HOSTILE}.png",
        "mimeType": "image/png",
        "buffer": content,
    }
    page.get_by_test_id("files").set_input_files(hostile)

    error = page.get_by_test_id("composer-error")
    expect(error).to_contain_text(f"“{HOSTILE}.png” {why}")
    expect(error.locator("*")).to_have_count(0)
    expect(page.get_by_test_id("thumb")).to_have_count(0)


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_pictures_come_by_drop_and_by_paste(page: Page, way: str) -> None:
    bring(page, way, file("teal"))

    expect(page.get_by_role("img", name="Picture 1: teal.png")).to_be_visible()


def test_pictures_go_before_a_prompt_and_are_not_shown_as_links(
    page: Page, product: Product, sim: Simulator
) -> None:
    choose(page, "draw", file("orange"))
    page.get_by_test_id("prompt").fill("a tin soldier in this colour")

    _, task_id = send(page, "imagine")

    card = finished(page, task_id)
    expect(card.get_by_test_id("card-prompt")).to_have_text(
        "a tin soldier in this colour"
    )
    assert product.task(task_id)["promptEn"].startswith("http")
    assert not sim.violations(), sim.violations()


def test_a_described_picture_offers_prompts_that_are_drawn(
    page: Page, product: Product
) -> None:
    choose(page, "describe", file("navy"))
    _, task_id = send(page, "describe")
    card = finished(page, task_id)
    offers = card.get_by_test_id("text")
    expect(offers).to_have_count(4)
    prompt = product.task(task_id)["properties"]["prompts"][1]
    expect(offers.nth(1)).to_contain_text(prompt)

    with page.expect_response("**/submit/modal"):
        offers.nth(1).get_by_test_id("draw-this").click()

    child = page.get_by_test_id("card").first
    expect(child.get_by_test_id("card-prompt")).to_have_text(prompt)
    expect(child).to_have_attribute("data-status", "SUCCESS", timeout=PATIENCE)
    expect(page.get_by_test_id("window")).to_be_hidden()
    child.get_by_test_id("origin").click()
    expect(card).to_be_focused()


def test_a_found_prompt_can_be_edited_first(page: Page) -> None:
    choose(page, "describe", file("olive"))
    _, task_id = send(page, "describe")
    offer = finished(page, task_id).get_by_test_id("text").first

    offer.get_by_test_id("edit-this").click()

    prompt = page.get_by_test_id("window-prompt")
    expect(prompt).not_to_have_value("")
    prompt.fill("something else entirely")
    page.get_by_test_id("window-confirm").click()
    child = page.locator(DONE).filter(has_text="something else entirely")
    expect(child).to_be_visible(timeout=PATIENCE)


def test_all_of_a_description_are_four_cards(page: Page) -> None:
    choose(page, "describe", file("maroon"))
    _, task_id = send(page, "describe")
    card = finished(page, task_id)
    expect(card.get_by_test_id("text")).to_have_count(4)
    before = page.get_by_test_id("card").count()

    press(card, "Draw all")

    expect(page.get_by_test_id("card")).to_have_count(before + 4)
    expect(card.locator("[data-testid=text].pressed")).to_have_count(4)


def test_a_shortened_prompt_offers_shorter_ones(page: Page, product: Product) -> None:
    page.get_by_test_id("mode-shorten").click()
    page.get_by_test_id("prompt").fill("a very, very beautiful red fox in deep snow")
    _, task_id = send(page, "shorten")
    card = finished(page, task_id)
    expect(card.get_by_test_id("text").first).to_be_visible()

    with page.expect_response("**/submit/modal") as answered:
        card.get_by_test_id("draw-this").first.click()

    child = finished(page, str(answered.value.json()["result"]))
    first = product.task(task_id)["properties"]["prompts"][0]
    expect(child.get_by_test_id("card-prompt")).to_have_text(first)


def test_a_video_moves_from_its_first_frame_to_its_last(
    page: Page, product: Product
) -> None:
    choose(page, "video", file("purple"), file("teal"))
    expect(page.get_by_test_id("tray")).to_contain_text("First frame")
    expect(page.get_by_test_id("tray")).to_contain_text("Last frame")
    page.get_by_test_id("prompt").fill("the fox turns its head")
    page.get_by_test_id("motion").select_option("high")

    sent, task_id = send(page, "video")

    assert bytes_of(sent["image"]) == file("purple")["buffer"]
    assert bytes_of(sent["endImage"]) == file("teal")["buffer"]
    card = finished(page, task_id)
    expect(card.get_by_test_id("picture")).to_be_visible()  # an animated WebP
    expect(card.get_by_test_id("card-prompt")).not_to_contain_text("http")
    press(card, "^U1")
    clip = page.get_by_test_id("card").first
    expect(clip).to_have_attribute("data-status", "SUCCESS", timeout=PATIENCE)
    link = clip.locator("[data-testid=clip], [data-testid=clip-file]")
    expect(link).to_be_visible()
    assert product.task(clip.get_attribute("data-id") or "")["videoUrls"]


RECORD = """async () => {
    const canvas = document.createElement("canvas");
    const recorder = new MediaRecorder(canvas.captureStream(25));
    const context = canvas.getContext("2d");
    const timer = setInterval(() => context.fillRect(0, 0, Math.random() * 99, 99), 20);
    const recorded = new Promise((done) => { recorder.ondataavailable = done; });
    recorder.start();
    setTimeout(() => recorder.stop(), 400);
    const bytes = new Uint8Array(await (await recorded).data.arrayBuffer());
    clearInterval(timer);
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}"""


def test_a_clip_plays_on_its_card(page: Page, product: Product) -> None:
    # The simulator's clips hold no frames; this one was recorded by the browser.
    clip = base64.b64decode(page.evaluate(RECORD))
    page.route(
        "**/images/*/*.mp4",
        lambda route: route.fulfill(body=clip, content_type="video/webm"),
    )
    video = product.wait_for(
        product.submit(
            "video", prompt="a river", image=data_url(file("navy")["buffer"])
        )
    )
    card = finished(page, video["id"])

    press(card, "^U2")

    shown = page.get_by_test_id("clip")
    expect(shown).to_be_visible(timeout=PATIENCE)
    assert shown.evaluate(
        "video => new Promise(done => {"
        "  video.ontimeupdate = () => video.currentTime > 0 && done(true);"
        "  video.onerror = () => done(false);"
        "  video.play();"
        "})"
    )


def test_a_video_wants_a_frame(page: Page) -> None:
    page.get_by_test_id("mode-video").click()
    page.get_by_test_id("prompt").fill("the fox turns its head")

    page.get_by_test_id("draw").click()

    expect(page.get_by_test_id("composer-error")).to_contain_text("first frame")


def test_the_modes_are_tabs_for_a_keyboard(page: Page) -> None:
    page.get_by_test_id("mode-draw").focus()
    page.keyboard.press("ArrowRight")

    expect(page.get_by_test_id("mode-blend")).to_be_focused()
    expect(page.get_by_test_id("mode-blend")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_test_id("prompt")).to_be_hidden()
    page.keyboard.press("Tab")
    expect(page.get_by_test_id("add-pictures")).to_be_focused()
    # The browser's own dialog is not of this page: what counts is that it is asked for.
    page.evaluate(
        "document.getElementById('files').addEventListener('click', event => {"
        "  event.preventDefault(); window.filesAsked = true; }, {once: true})"
    )
    page.keyboard.press("Enter")
    page.wait_for_function("window.filesAsked === true")
    page.get_by_test_id("mode-blend").focus()
    page.keyboard.press("End")
    expect(page.get_by_test_id("mode-video")).to_be_focused()


def test_a_prompt_is_text_wherever_it_is_shown(page: Page, product: Product) -> None:
    prompt = f"a {HOSTILE} <script>alert(2)</script> fox"
    draw(page, prompt)
    task_id = page.get_by_test_id("card").first.get_attribute("data-id") or ""

    card = finished(page, task_id)

    expect(card.get_by_test_id("card-prompt")).to_have_text(prompt)
    expect(card.get_by_test_id("card-prompt").locator("*")).to_have_count(0)
    page.reload()
    expect(card_of(page, task_id).get_by_test_id("card-prompt")).to_have_text(prompt)


def test_a_seed_is_asked_for_and_a_heart_is_kept(page: Page, product: Product) -> None:
    grid = product.wait_for(product.imagine("a red kite"))
    single = product.submit("change", taskId=grid["id"], action="UPSCALE", index=1)
    card = finished(page, single)

    card.get_by_test_id("seed").click()
    expect(card.get_by_test_id("seed")).to_have_text(
        re.compile(r"Seed \d+"), timeout=PATIENCE
    )
    card.get_by_test_id("bookmark").click()
    heart = card.get_by_test_id("bookmark")
    expect(heart).to_have_attribute("aria-pressed", "true", timeout=PATIENCE)

    page.reload()
    expect(heart).to_have_attribute("aria-pressed", "true")
    expect(card.get_by_test_id("seed")).to_have_text(re.compile(r"Seed \d+"))
    heart.click()
    expect(heart).to_have_attribute("aria-pressed", "false", timeout=PATIENCE)


def test_a_refusal_of_the_server_is_told_in_words(page: Page) -> None:
    page.get_by_test_id("mode-describe").click()
    page.get_by_test_id("link").fill("ftp://example.test/a.png")

    page.get_by_test_id("draw").click()

    expect(page.get_by_test_id("composer-error")).to_have_text("link is a web address")
