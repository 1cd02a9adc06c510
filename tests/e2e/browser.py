"""A real browser on the drawing page, with helpers for tests."""

from __future__ import annotations

import base64
import io
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from tests.e2e.harness import Product

CHROMIUM: Final = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
PATIENCE: Final = 60_000  # ms
DONE: Final = "[data-testid=card][data-status=SUCCESS]"

needs_browser = pytest.mark.skipif(
    not (CHROMIUM and Path(CHROMIUM).exists()),
    reason="no browser: install Debian's chromium, or name one in $CHROMIUM",
)


@contextmanager
def signed_in(browser: Browser, product: Product) -> Iterator[Page]:
    """A phone's window, signed in by key; any error of a script fails the test."""
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("dialog", lambda dialog: errors.append(f"a script ran: {dialog.message}"))
    page.on(
        "console",
        lambda message: (
            errors.append(message.text) if "Content Security" in message.text else None
        ),
    )
    page.goto(product.url)
    page.get_by_label("API key").fill(product.api_key)
    page.get_by_role("button", name="Sign in with the key").click()
    expect(page.get_by_test_id("live")).to_have_text("Live", timeout=PATIENCE)
    try:
        yield page
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    finally:
        context.close()
    assert errors == []


def draw(page: Page, prompt: str) -> None:
    page.get_by_test_id("mode-draw").click()
    page.get_by_test_id("prompt").fill(prompt)
    page.get_by_test_id("prompt").press("Control+Enter")
    expect(page.get_by_test_id("card-prompt").first).to_have_text(prompt)


def card_of(page: Page, task_id: str) -> Locator:
    return page.locator(f'[data-testid=card][data-id="{task_id}"]')


def finished(page: Page, task_id: str) -> Locator:
    """Return a task's card once it is a success."""
    card = card_of(page, task_id)
    expect(card).to_have_attribute("data-status", "SUCCESS", timeout=PATIENCE)
    return card


def press(card: Locator, name: str) -> None:
    card.get_by_role("button", name=re.compile(name, re.IGNORECASE)).first.click()


def file(colour: str, name: str = "", size: tuple[int, int] = (90, 60)) -> FilePayload:
    """Return a plain picture as a browser's file chooser takes it."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return {
        "name": name or f"{colour}.png",
        "mimeType": "image/png",
        "buffer": out.getvalue(),
    }


def bring(page: Page, way: str, found: FilePayload) -> None:
    """Drop a file on the page, or paste it there."""
    page.evaluate(
        """([way, name, type, base64]) => {
            const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([bytes], name, { type }));
            document.body.dispatchEvent(way === "drop"
                ? new DragEvent("drop", { dataTransfer: data, bubbles: true })
                : new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
        }""",
        [
            way,
            found["name"],
            found["mimeType"],
            base64.b64encode(found["buffer"]).decode(),
        ],
    )
