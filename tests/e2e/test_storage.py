"""The storage of kept pictures, from the admin's form to a picture of the bucket."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests import buckets
from tests.e2e.browser import PATIENCE, draw, needs_browser
from tests.e2e.harness import Product, eventually

pytestmark = needs_browser

FORM = "/admin/tasks/storagesettings/"
NOW = "/admin/tasks/storagesettings/now/"


def fill(page: Page, product: Product, service: str, **values: str) -> None:
    """Fill in the form and save it."""
    page.goto(product.url + FORM)
    given = {
        "endpoint": service,
        "region": "us-east-1",
        "bucket": buckets.BUCKET,
        "prefix": "mj",
        "access_key": "key",
        "new_secret_key": buckets.SECRET,
        **values,
    }
    page.locator("[name=kind]").select_option("bucket")
    for name, value in given.items():
        page.locator(f"[name={name}]").fill(value)
    page.locator("[name=are_there]").set_checked(True)
    page.locator("[name=_save]").click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()


def press(page: Page, product: Product, button: str) -> None:
    page.goto(product.url + NOW)
    with page.expect_navigation():
        page.get_by_role("button", name=button).click()


def shows(page: Page, test_id: str, text: str) -> None:
    """Load the page again until it shows a text."""

    def shown() -> bool:
        page.reload()
        return text in page.get_by_test_id(test_id).inner_text()

    eventually(shown, what=f"{test_id}: {text}")


def drawn(page: Page, product: Product, prompt: str) -> str:
    """Draw a picture; return its link."""
    page.goto(product.url)
    draw(page, prompt)
    card = page.locator("[data-testid=card][data-status=SUCCESS]", has_text=prompt)
    expect(card).to_be_visible(timeout=PATIENCE)
    task_id = card.get_attribute("data-id") or ""
    return str(product.task(task_id)["imageUrl"])


def test_a_bucket_is_entered_tested_and_filled(
    page: Page, product: Product, service: str, bucket: Any
) -> None:
    link = drawn(page, product, "a red fox before the bucket")
    before = page.request.get(link).body()

    fill(page, product, service)
    press(page, product, "Write, read and remove an object")
    shows(page, "test", "an object was written, read and removed")
    press(page, product, "Move all files to this storage")
    shows(page, "moving", "0")
    eventually(lambda: len(buckets.names(bucket)) == 3, what="picture and thumbnails")

    kept = list((product.data / "pictures").glob("[0-9a-f][0-9a-f]/*.png"))
    eventually(
        lambda: not any(path.exists() for path in kept), what="the old copy is gone"
    )
    answer = page.request.get(link)
    assert (answer.status, answer.body()) == (200, before)

    later = drawn(page, product, "a blue whale after the bucket")
    eventually(lambda: len(buckets.names(bucket)) == 6, what="it went to the bucket")
    assert page.request.get(later).status == 200


def test_a_test_says_what_is_wrong(
    page: Page, product: Product, service: str, bucket: Any
) -> None:
    fill(page, product, service, bucket="nobodys")

    press(page, product, "Write, read and remove an object")

    shows(page, "test", "Writing: There is no such bucket.")
