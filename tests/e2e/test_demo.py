"""What a newcomer tries in a demo: face swap, translation, a bucket."""

from __future__ import annotations

import io
import json
import re
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from gateway.simulator.swaps.provider import TOKEN
from tests.e2e.admin_session import AdminSession
from tests.e2e.browser import PATIENCE, card_of, file, finished, needs_browser
from tests.e2e.calls import call, eventually
from tests.e2e.demo import running_demo
from tests.e2e.harness import Product, Simulator
from tests.e2e.page_checks import barriers, is_wider_than_the_window, window
from tests.pictures import data_url, picture

pytestmark = pytest.mark.timeout(240)
FACE = picture(colour="red")
MP4 = (16).to_bytes(4, "big") + b"ftypisom" + bytes(4)
NOW = "/admin/tasks/storagesettings/now/"
SETTINGS = "/admin/tasks/storagesettings/"


@pytest.fixture(scope="module")
def demo(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Product, Simulator]]:
    with running_demo(tmp_path_factory.mktemp("demo")) as found:
        yield found


@pytest.fixture(scope="module")
def product(demo: tuple[Product, Simulator]) -> Product:
    return demo[0]


@pytest.fixture(scope="module")
def sim(demo: tuple[Product, Simulator]) -> Simulator:
    return demo[1]


@pytest.fixture(autouse=True)
def _usual_swaps(sim: Simulator) -> None:
    sim.knobs(swap_outcome="succeeded", swap_time=1)


def clip(name: str = "dance.mp4") -> FilePayload:
    """Return a video that no other has the bytes of."""
    return {"name": name, "mimeType": "video/mp4", "buffer": MP4 + uuid.uuid4().bytes}


def predictions(sim: Simulator) -> list[dict[str, Any]]:
    key = {"Authorization": f"Bearer {TOKEN}"}
    status, body = call("GET", f"{sim.url}/v1/predictions", None, key)
    assert status == 200
    found: list[dict[str, Any]] = json.loads(body)["results"]
    return found


def submit_video(product: Product, video: bytes) -> dict[str, Any]:
    """Send the form of a video swap; return the answer."""
    edge = uuid.uuid4().hex
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="sourceBase64"\r\n\r\n'
        f"{data_url(FACE)}\r\n".encode(),
        f'--{edge}\r\nContent-Disposition: form-data; name="targetFile"; '
        f'filename="a.mp4"\r\nContent-Type: video/mp4\r\n\r\n'.encode(),
        video + f"\r\n--{edge}--\r\n".encode(),
    ]
    headers = {
        "mj-api-secret": product.api_key,
        "Content-Type": f"multipart/form-data; boundary={edge}",
    }
    request = urllib.request.Request(  # noqa: S310
        f"{product.url}/mj/insight-face/video-swap", b"".join(parts), headers
    )
    with urllib.request.urlopen(request, timeout=60) as said:  # noqa: S310
        found: dict[str, Any] = json.load(said)
    return found


# --- by the API -----------------------------------------------------------------------


def test_a_picture_gets_a_face(product: Product) -> None:
    target = data_url(picture((60, 40), "blue"))
    body = {"sourceBase64": data_url(FACE), "targetBase64": target}

    said = product.api("POST", "/mj/insight-face/swap", body)
    task = product.wait_for(str(said["result"]), "SUCCESS")

    assert task["status"] == "SUCCESS", task["failReason"]
    with Image.open(io.BytesIO(product.picture(task))) as result:
        assert (result.size, result.getpixel((6, 6))) == ((60, 40), (255, 0, 0))


def test_a_worker_that_dies_while_a_video_waits_pays_once(
    product: Product, sim: Simulator
) -> None:
    before, video = len(predictions(sim)), clip()["buffer"]
    sim.knobs(swap_time=30)
    task_id = str(submit_video(product, video)["result"])
    product.wait_for(task_id, "IN_PROGRESS")
    sim.knobs(swap_time=1)

    product.kill("worker")
    task = product.wait_for(task_id, "SUCCESS")

    assert task["status"] == "SUCCESS", task["failReason"]
    assert len(predictions(sim)) == before + 1
    shown = product.picture(task)
    assert shown.startswith(video)
    assert shown.endswith(FACE)


def test_a_chinese_prompt_is_drawn_in_english(product: Product) -> None:
    task_id = product.imagine("一只红色的狐狸在雪地里 --ar 3:2")

    task = product.wait_for(task_id)

    assert task["promptEn"].startswith("a red fox in snow")
    words = eventually(
        lambda: product.task(task_id)["properties"]["finalZhPrompt"],
        what="the prompt has come back in Chinese",
    )
    assert words.startswith("一只红色的狐狸在雪地")


# --- the bucket -----------------------------------------------------------------------


def test_pictures_move_to_the_bucket_and_back(product: Product) -> None:
    task = product.wait_for(product.imagine("a tin soldier for the bucket"))
    before = product.picture(task)
    eventually(lambda: before in kept_files(product), what="the picture is kept")
    admin = AdminSession(product)
    objects = product.data / "simulator.bucket"

    admin.send(NOW, {"deed": "test"})
    eventually(
        lambda: "was written, read and removed" in admin.page(NOW),
        what="the bucket is tested",
    )
    admin.change(SETTINGS, kind="bucket")
    admin.send(NOW, {"deed": "move"})
    eventually(lambda: are_moved(admin), what="all are in the bucket")

    assert before in [path.read_bytes() for path in objects.iterdir()]
    assert not kept_files(product)
    assert product.picture(task) == before

    admin.change(SETTINGS, kind="local")
    admin.send(NOW, {"deed": "move"})
    eventually(lambda: are_moved(admin), what="all are back")
    assert product.picture(task) == before
    assert before in kept_files(product)


def are_moved(admin: AdminSession) -> bool:
    return '<b data-testid="moving">0</b>' in admin.page(NOW)


def kept_files(product: Product) -> list[bytes]:
    """Return the pictures that lie in the data folder, without what is cached there."""
    root = product.data / "pictures"
    found = [path for path in root.rglob("*.png") if path.is_file()]
    kept = [path for path in found if "/." not in f"/{path.relative_to(root)}"]
    return [path.read_bytes() for path in kept]


# --- the page -------------------------------------------------------------------------


def bring(page: Page, *files: FilePayload) -> None:
    """Choose face swap and give it files, which are then all shown."""
    page.get_by_test_id("mode-swap").click()
    page.get_by_test_id("files").set_input_files(list(files))
    expect(page.get_by_test_id("thumb")).to_have_count(len(files))


def swap(page: Page) -> Locator:
    """Press the button; return the new card."""
    with page.expect_response("**/insight-face/**") as asked:
        page.get_by_test_id("draw").click()
    return card_of(page, str(asked.value.json()["result"]))


@needs_browser
def test_the_page_puts_a_face_into_a_picture(page: Page, product: Product) -> None:
    bring(page, file("red"), file("blue"))
    expect(page.get_by_test_id("tray")).to_contain_text("Face")
    expect(page.get_by_test_id("picture-limits")).to_contain_text("10 MB")
    expect(page.get_by_test_id("picture-limits")).to_contain_text("10 minutes")

    card = swap(page)

    expect(card.get_by_role("progressbar")).to_be_visible()
    card = finished(page, card.get_attribute("data-id") or "")
    expect(card.get_by_test_id("card-prompt")).to_have_text("A face put into a picture")
    expect(card.get_by_test_id("picture")).to_be_visible()
    expect(page.get_by_test_id("thumb")).to_have_count(0)
    task = product.task(card.get_attribute("data-id") or "")
    with Image.open(io.BytesIO(product.picture(task))) as result:
        colours = [result.getpixel(place) for place in ((6, 6), (80, 50))]
    assert colours == [(255, 0, 0), (0, 0, 255)]


@needs_browser
def test_the_page_puts_a_face_into_a_video(page: Page, product: Product) -> None:
    video = clip()
    bring(page, video, file("red"))  # the video comes last, in any order
    tags = page.get_by_test_id("thumb").locator(".role")
    expect(tags).to_have_text(["Face", "Target"])

    card = finished(page, swap(page).get_attribute("data-id") or "")

    link = card.locator("[data-testid=clip], [data-testid=clip-file]")
    expect(link).to_be_visible()
    task = product.task(card.get_attribute("data-id") or "")
    assert product.picture(task).startswith(video["buffer"])


@needs_browser
def test_a_swap_is_cancelled_on_its_card(page: Page, sim: Simulator) -> None:
    sim.knobs(swap_outcome="hang")
    bring(page, file("red"), file("teal"))
    card = swap(page)
    expect(card).to_have_attribute("data-status", "IN_PROGRESS", timeout=PATIENCE)

    card.get_by_test_id("cancel").click()

    expect(card).to_have_attribute("data-status", "FAILURE", timeout=PATIENCE)
    expect(card.get_by_test_id("reason")).to_contain_text("cancel")
    assert predictions(sim)[0]["status"] == "canceled"


@needs_browser
def test_the_card_says_why_the_provider_refused(page: Page, sim: Simulator) -> None:
    sim.knobs(swap_outcome="no_face")
    bring(page, file("red"), file("olive"))

    card = swap(page)

    expect(card).to_have_attribute("data-status", "FAILURE", timeout=PATIENCE)
    expect(card.get_by_test_id("reason")).to_contain_text(re.compile("face", re.I))


@needs_browser
@pytest.mark.parametrize(
    ("files", "why"),
    [
        ([], "Add a picture with the face."),
        ([file("red")], "Add the picture or the video that gets the face"),
        ([clip()], "Add a picture with the face."),
        ([clip(), clip()], "Add a picture with the face."),
    ],
    ids=["nothing", "face", "video", "videos"],
)
def test_what_lacks_is_told_before_anything_is_sent(
    page: Page, files: list[FilePayload], why: str
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    bring(page, *files)

    page.get_by_test_id("draw").click()

    expect(page.get_by_test_id("composer-error")).to_have_text(why)
    assert [url for url in asked if "/insight-face/" in url] == []


@needs_browser
@pytest.mark.parametrize(
    ("body", "why"),
    [
        (MP4 + bytes(30_000_000), "has more than 10 MB"),
        (picture() + bytes(30_000_000), "has more than 10 MB"),
        (b"<script>alert(1)</script>", "is not a PNG, JPEG, WebP or GIF picture"),
        (b"", "is not a PNG, JPEG, WebP or GIF picture, and not an MP4 video"),
    ],
    ids=["video", "picture", "script", "empty"],
)
def test_a_file_that_cannot_be_used_is_left_out(
    page: Page, tmp_path: Path, body: bytes, why: str
) -> None:
    odd = tmp_path / "odd.mp4"
    odd.write_bytes(body)
    page.get_by_test_id("mode-swap").click()

    page.get_by_test_id("files").set_input_files(odd)

    expect(page.get_by_test_id("composer-error")).to_contain_text(f"“odd.mp4” {why}")
    expect(page.get_by_test_id("thumb")).to_have_count(0)


@needs_browser
def test_a_refusal_of_the_server_is_shown(page: Page) -> None:
    bring(page, file("red"), file("red"))

    page.get_by_test_id("draw").click()

    error = page.get_by_test_id("composer-error")
    expect(error).to_have_text("Face and target must be two pictures")
    expect(page.get_by_test_id("thumb")).to_have_count(2)


@needs_browser
def test_a_video_does_not_follow_into_other_modes(page: Page) -> None:
    bring(page, file("red"), clip())

    page.get_by_test_id("mode-blend").click()

    expect(page.get_by_test_id("thumb")).to_have_count(1)
    page.get_by_test_id("files").set_input_files(clip())
    expect(page.get_by_test_id("composer-error")).to_contain_text("is not a PNG")


@needs_browser
def test_pictures_of_other_modes_beyond_two_are_not_used(page: Page) -> None:
    page.get_by_test_id("mode-blend").click()
    page.get_by_test_id("files").set_input_files(
        [file("red"), file("blue"), file("teal")]
    )
    expect(page.get_by_test_id("thumb")).to_have_count(3)

    page.get_by_test_id("mode-swap").click()

    tags = page.get_by_test_id("thumb").locator(".role")
    expect(tags).to_have_text(["Face", "Target", "Not used"])


@needs_browser
def test_the_card_shows_the_final_prompt_in_chinese(page: Page) -> None:
    page.get_by_test_id("prompt").fill("一只黑色的猫")
    page.get_by_test_id("draw").click()

    card = page.get_by_test_id("card").first
    expect(card.get_by_test_id("final-zh")).to_contain_text(
        "一只黑色的猫", timeout=PATIENCE
    )


@needs_browser
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_face_swap_can_be_read(
    browser: Browser, product: Product, language: str
) -> None:
    found: dict[str, list[str]] = {}
    with window(browser, product) as page:
        page.set_extra_http_headers({"Accept-Language": language})
        page.goto(product.url)
        page.locator("input[name=key]").fill(product.api_key)
        page.locator("form:has(input[name=key]) button").click()
        page.get_by_test_id("mode-swap").click()
        found["empty"] = barriers(page)
        page.get_by_test_id("draw").click()
        expect(page.get_by_test_id("composer-error")).to_be_visible()
        found["refused"] = barriers(page)
        bring(page, file("red"))
        found["face"] = barriers(page)
        page.set_viewport_size({"width": 360, "height": 740})
        assert not is_wider_than_the_window(page)
        page.get_by_test_id("files").set_input_files(clip())
        expect(page.get_by_test_id("thumb")).to_have_count(2)
        found["video"] = barriers(page)
        page.set_viewport_size({"width": 360, "height": 740})
        assert not is_wider_than_the_window(page)

    assert {name: each for name, each in found.items() if each} == {}


@needs_browser
def test_who_may_not_swap_or_no_more_is_told(page: Page, product: Product) -> None:
    berta = product.api("POST", "/mj/admin/user", {"name": "berta"})["data"]
    body = {"sourceBase64": data_url(FACE), "targetBase64": data_url(picture((9, 9)))}
    said = product.api("POST", "/mj/insight-face/swap", body, key=berta["token"])
    assert "换脸权限" in said["description"]
    bring(page, file("red"), file("navy"))
    off, on = ({"replicate": {"enableFaceSwap": on}} for on in (False, True))
    product.api("POST", "/mj/admin/setting", off)

    page.get_by_test_id("draw").click()

    error = page.get_by_test_id("composer-error")
    expect(error).to_have_text("Face swap is not served here")
    page.reload()
    page.get_by_test_id("mode-swap").click()
    expect(page.get_by_test_id("picture-limits")).to_contain_text("30 minutes")
    expect(page.get_by_test_id("picture-limits")).not_to_contain_text("10 minutes")
    assert product.api("POST", "/mj/admin/setting", on)["success"]
