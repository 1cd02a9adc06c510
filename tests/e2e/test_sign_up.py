"""A person signs up in a browser, by a mail that a real mail server received."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Browser, Page, expect

from tests.accounts.post import link_in
from tests.e2e.admin_session import AdminSession
from tests.e2e.browser import PATIENCE, needs_browser
from tests.e2e.calls import eventually
from tests.e2e.harness import Product
from tests.e2e.page_checks import (
    PHONE,
    barriers,
    is_wider_than_the_window,
    jumps,
    window,
)
from tests.mail_server import Mailbox, mail_server

pytestmark = needs_browser
ACCOUNTS = 1
PASSWORD = "correct horse battery"
PERIOD = 30  # seconds for which a code of an authenticator app is shown


@pytest.fixture(scope="module")
def box(product: Product) -> Iterator[Mailbox]:
    """A mail server that the product uses; people may sign up."""
    with mail_server() as found:
        operator = AdminSession(product)
        operator.change(
            "/admin/accounts/mailsettings/",
            is_on="on",
            host=found.host,
            port=str(found.port),
            security="none",
            sender="mjproxy@example.com",
            recipients="",
        )
        operator.change("/admin/accounts/accesssettings/", sign_up="on")
        yield found


@pytest.fixture
def page(browser: Browser, product: Product) -> Iterator[Page]:
    """A phone's window without a session; an error of a script fails the test."""
    errors: list[str] = []
    with window(browser, product) as found:
        found.on("pageerror", lambda error: errors.append(str(error)))
        yield found
    assert errors == []


def look(page: Page) -> list[str]:
    """Return what is wrong with the page, on a phone and a desk, light and dark."""
    found = barriers(page)
    page.set_viewport_size({"width": PHONE, "height": 740})
    if is_wider_than_the_window(page):
        found.append("is wider than a phone")
    return [f"{page.url}: {each}" for each in found + jumps(page)]


def sign_up(page: Page, home: str, box: Mailbox, name: str) -> list[str]:
    """Sign up and confirm the address; return what is wrong with the pages."""
    seen = len(box.mails)
    page.goto(f"{home}/sign-in")
    page.get_by_test_id("to-sign-up").click()
    found = look(page)
    page.get_by_label("Email").fill(f"{name}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_test_id("mail-sent")).to_be_visible()
    found += look(page)
    box.wait(seen + 1)
    page.goto(home + link_in(box.text()))
    found += look(page)
    page.get_by_role("button", name="It is mine").click()
    expect(page.get_by_test_id("live")).to_have_text("Live", timeout=PATIENCE)
    return found


def confirm_password(page: Page) -> None:
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def sign_in(page: Page, home: str, name: str) -> None:
    page.goto(f"{home}/sign-in")
    page.get_by_label("Name or mail address").fill(f"{name}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def code_at(page: Page, secret: str, periods: int) -> str:
    """Return the code of an app, so many periods from now by the browser's clock."""
    now = int(page.evaluate("Date.now()")) // 1000 // PERIOD
    return str(format_hotp_value(hotp_value(secret, now + periods)))


def turn_on_codes(page: Page, found: list[str]) -> str:
    """Turn on an authenticator app; return its secret. Adds to what is wrong."""
    page.get_by_role("link", name="Activate").click()
    found += look(page)
    confirm_password(page)
    secret = page.get_by_label("Authenticator secret").input_value()
    found += look(page)
    page.get_by_label("Authenticator code").fill(code_at(page, secret, -1))
    page.get_by_role("button", name="Activate").click()
    codes = page.get_by_label("Unused codes").input_value().split()
    found += look(page)
    assert len(codes) == 10
    page.get_by_label("I have saved").check()
    return secret


def test_a_person_signs_up_and_protects_the_account(
    page: Page, product: Product, box: Mailbox
) -> None:
    home = product.url
    found = sign_up(page, home, box, "anna")

    for path in ("/account/", "/account/password", "/account/security/"):
        page.goto(home + path)
        found += look(page)
    secret = turn_on_codes(page, found)
    for path in ("/account/address", "/account/sessions"):
        page.goto(home + path)
        found += look(page)
    page.get_by_test_id("sign-out").click()

    sign_in(page, home, "anna")
    found += look(page)
    page.get_by_label("Code").fill(code_at(page, secret, 0))
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_test_id("live")).to_have_text("Live", timeout=PATIENCE)

    assert found == []


def test_a_passkey_opens_the_pages(page: Page, product: Product, box: Mailbox) -> None:
    home = product.url.replace("127.0.0.1", "localhost")  # passkeys need a name
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    sign_up(page, home, box, "berta")
    page.goto(f"{home}/account/security/webauthn/add/")
    confirm_password(page)
    found = look(page)

    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_label("Unused codes")).to_be_visible()
    page.get_by_label("I have saved").check()
    page.goto(f"{home}/account/security/webauthn/")
    found += look(page)
    page.get_by_test_id("sign-out").click()
    page.get_by_test_id("sign-in-passkey").click()
    expect(page.get_by_test_id("live")).to_have_text("Live", timeout=PATIENCE)

    assert found == []


DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def test_a_passkey_that_fails_is_said(
    page: Page, product: Product, box: Mailbox
) -> None:
    home = product.url.replace("127.0.0.1", "localhost")
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")  # without any device
    device.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": DEVICE | {"isUserVerified": False}},
    )
    page.goto(f"{home}/sign-in")

    page.get_by_test_id("sign-in-passkey").click()

    expect(page.get_by_test_id("passkey-said")).to_be_visible(timeout=PATIENCE)


def test_a_new_password_by_mail(page: Page, product: Product, box: Mailbox) -> None:
    home = product.url
    sign_up(page, home, box, "carl")
    page.goto(f"{home}/account/")
    page.get_by_test_id("sign-out").click()
    seen = len(box.mails)

    page.get_by_role("link", name="Forgot the password").click()
    found = look(page)
    page.get_by_label("Email").fill("carl@example.com")
    page.get_by_role("button", name="Send the link").click()
    found += look(page)
    box.wait(seen + 1)
    page.goto(home + link_in(box.text()))
    found += look(page)
    page.get_by_label("New Password", exact=True).fill("another horse battery")
    page.get_by_label("New Password (again)").fill("another horse battery")
    page.get_by_role("button", name="Change Password").click()
    found += look(page)

    sign_in(page, home, "carl")
    expect(page.get_by_test_id("sign-in-error")).to_be_visible()
    assert found == []


def test_signing_out_everywhere_closes_the_other_window_live(
    page: Page, browser: Browser, product: Product, box: Mailbox
) -> None:
    home = product.url
    sign_up(page, home, box, "dora")
    context = browser.new_context()
    other = context.new_page()
    sign_in(other, home, "dora")
    expect(other.get_by_test_id("live")).to_have_text("Live", timeout=PATIENCE)

    page.goto(f"{home}/account/sessions")
    expect(page.get_by_test_id("session")).to_have_count(2)
    page.get_by_test_id("everywhere").click()

    expect(other).to_have_url(f"{home}/sign-in?next=%2F", timeout=PATIENCE)
    context.close()


def curl(url: str, key: str, *words: str) -> dict[str, Any]:
    """Call the API as a person at a shell does."""
    command = ["curl", "--silent", "--show-error", "--noproxy", "*"]
    command += ["--header", f"mj-api-secret: {key}", *words, url]
    said = subprocess.run(command, capture_output=True, check=True, timeout=30).stdout
    answer: dict[str, Any] = json.loads(said)
    return answer


def test_a_customer_draws_with_an_own_key_and_pays(
    page: Page, product: Product, box: Mailbox
) -> None:
    home, operator = product.url, AdminSession(product)
    operator.change("/admin/tasks/price/add/", action="IMAGINE", credits="7")
    codes = operator.change(
        "/admin/accounts/redeembatch/add/", credits="20", size="1", is_on="on"
    )
    found = sign_up(page, home, box, "emil")

    page.goto(f"{home}/me/credits")
    page.get_by_role("textbox", name="Code").fill(codes.split()[-1].split(",")[0])
    page.get_by_role("button", name="Redeem").click()
    expect(page.get_by_test_id("balance")).to_have_text("20")
    found += look(page)
    page.goto(f"{home}/me/keys")
    page.get_by_role("textbox", name="Name").fill("at home")
    page.get_by_role("button", name="Make the key").click()
    key = page.get_by_test_id("new-key").inner_text()
    found += look(page)

    body = json.dumps({"prompt": "a lighthouse"})
    kind = "--header", "Content-Type: application/json"
    made = curl(f"{home}/mj/submit/imagine", key, *kind, "--data", body)
    assert made["code"] == 1, made

    def ended() -> bool:
        task = curl(f"{home}/mj/task/{made['result']}/fetch", key)
        return bool(task["status"] == "SUCCESS")

    eventually(ended, what="the drawing ends")

    page.goto(f"{home}/me/usage")
    expect(page.get_by_test_id("usage-day")).to_contain_text("1")
    expect(page.get_by_test_id("credits")).to_have_text("13")
    found += look(page)
    page.goto(f"{home}/me/credits")
    expect(page.get_by_test_id("balance")).to_have_text("13")
    expect(page.get_by_test_id("booking").first).to_contain_text(made["result"])
    page.goto(f"{home}/account/security/")
    turn_on_codes(page, found)
    page.goto(f"{home}/account/security/")
    expect(page.get_by_role("link", name="Deactivate")).to_be_visible()

    assert found == []
