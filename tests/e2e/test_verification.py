"""An account must prove that it is human: a person does so, or a server."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.e2e.browser import PATIENCE, needs_browser
from tests.e2e.calls import eventually
from tests.e2e.harness import Product, Simulator
from tests.e2e.judge import assert_faithful

Json = dict[str, Any]
SECRET = "a-secret-of-both-servers"
SETTINGS = "/admin/accounts/verificationsettings/"

pytestmark = needs_browser


def fetch(product: Product) -> Json:
    channel = product.accounts[0].channel_id
    row: Json = product.api("GET", f"/mj/account/{channel}/fetch")
    return row


def cf(product: Product, *, refresh: bool) -> Json:
    path = f"/mj/admin/account-cf/{fetch(product)['id']}?refresh={str(refresh).lower()}"
    answer: Json = product.api("GET", path)
    return answer


def imagine(product: Product, prompt: str) -> str:
    channel = product.accounts[0].channel_id
    return product.imagine(prompt, accountFilter={"instanceId": channel})


def challenge(product: Product, sim: Simulator, prompt: str) -> Json:
    """Draw, be asked whether one is human, and return the task's end."""
    name = product.accounts[0].name
    sim.rule({"account": name}, {"verify": True}, times=1)
    return product.wait_for(imagine(product, prompt))


def assert_draws_again(product: Product, sim: Simulator, prompt: str) -> None:
    eventually(lambda: fetch(product)["state"] == "ready", what="the account is back")
    task = product.wait_for(imagine(product, prompt))
    assert task["status"] == "SUCCESS", task["failReason"]
    assert_faithful(product, sim, [task])


def test_a_person_passes_it(product: Product, sim: Simulator, page: Page) -> None:
    task = challenge(product, sim, "a door with a bell")
    assert task["status"] == "FAILURE"
    assert "human verification" in task["failReason"]
    account = fetch(product)
    assert account["state"] == "verification"

    page.goto(f"{product.url}/admin/accounts/discordaccount/{account['id']}/change/")
    page.get_by_role("link", name="Open the link").click()
    link = page.get_by_test_id("challenge")
    expect(link).to_be_visible(timeout=PATIENCE)
    with page.expect_popup() as opened:
        link.click()
    there = opened.value
    assert there.url.startswith(f"{sim.url}/captcha/challenge/index.html?")
    assert there.evaluate("document.referrer") == ""
    there.get_by_role("button", name="I am human").click()
    expect(there.get_by_text("Thank you")).to_be_visible()
    there.close()
    page.get_by_test_id("passed").click()

    expect(page.get_by_test_id("unlocked")).to_be_visible()
    assert_draws_again(product, sim, "the door is open")


def test_whoever_says_so_too_early_is_asked_again(
    product: Product, sim: Simulator, page: Page
) -> None:
    account_id = fetch(product)["id"]
    challenge(product, sim, "a gate with a guard")
    product.api("POST", f"/mj/admin/account-cf/{account_id}")
    eventually(lambda: fetch(product)["state"] == "ready", what="it tries again")

    product.wait_for(imagine(product, "past the guard"))

    assert fetch(product)["state"] == "verification"
    page.goto(f"{product.url}/accounts/{account_id}/verification")
    expect(page.get_by_test_id("again")).to_contain_text("has asked again")
    first = cf(product, refresh=True)["data"]["cfUrl"]
    second = cf(product, refresh=True)["data"]["cfUrl"]
    assert first != second
    assert second == cf(product, refresh=False)["data"]["cfUrl"]
    page.goto(second)
    page.get_by_role("button", name="I am human").click()
    expect(page.get_by_text("Thank you")).to_be_visible()
    product.api("POST", f"/mj/admin/account-cf/{account_id}")
    assert_draws_again(product, sim, "the guard waves")


def test_a_server_of_the_operators_own_reports(
    product: Product, sim: Simulator, page: Page
) -> None:
    page.goto(f"{product.url}{SETTINGS}")
    page.get_by_label("Server", exact=False).first.fill(sim.url)
    page.get_by_label("Address of this server").fill(product.url)
    page.get_by_label("Secret", exact=True).fill(SECRET)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("successfully")).to_be_visible()
    assert SECRET not in page.content()

    task = challenge(product, sim, "a bridge with a toll")

    assert task["status"] == "FAILURE"
    assert_draws_again(product, sim, "over the bridge")
    assert SECRET not in product.log.read_text()


def test_a_server_that_fails_leaves_it_to_a_person(
    product: Product, sim: Simulator
) -> None:
    sim.knobs(verifier="failure")

    challenge(product, sim, "a wall")

    row = eventually(
        lambda: next(
            (r for r in [fetch(product)] if "nobody" in r["disabledReason"]), None
        ),
        what="its report is heard",
    )
    assert row["state"] == "verification"
    link = eventually(
        lambda: cf(product, refresh=False)["data"]["cfUrl"], what="a link is made"
    )
    assert link.startswith(sim.url)
    sim.ask("POST", "verify", {"account": product.accounts[0].name})
    product.api("POST", f"/mj/admin/account-cf/{row['id']}")
    assert_draws_again(product, sim, "through the wall")
    assert link.split("token=")[1] not in product.log.read_text()
