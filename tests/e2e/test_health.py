"""Troubles of accounts, seen from outside: each state, its end, its mail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.e2e.admin_session import AdminSession
from tests.e2e.harness import Product, Simulator, eventually
from tests.e2e.judge import assert_faithful
from tests.mail_server import Mailbox, mail_server


@pytest.fixture(scope="module")
def admin(product: Product) -> AdminSession:
    return AdminSession(product)


@pytest.fixture(scope="module")
def box(admin: AdminSession) -> Iterator[Mailbox]:
    with mail_server() as found:
        fields = {
            "is_on": "on",
            "host": found.host,
            "port": found.port,
            "security": "none",
            "sender": "mjproxy@example.com",
            "recipients": "olga@example.com",
        }
        admin.send("/admin/accounts/mailsettings/", fields)
        yield found


def row(product: Product, number: int) -> dict[str, Any]:
    channel = product.accounts[number - 1].channel_id
    found: dict[str, Any] = product.api("GET", f"/mj/account/{channel}/fetch")
    return found


def stands(product: Product, number: int, state: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found = row(product, number)
        return found if found["state"] == state else None

    return eventually(look, what=f"account {number} is {state}")


def draw(product: Product, number: int, prompt: str) -> str:
    channel = product.accounts[number - 1].channel_id
    return product.imagine(prompt, accountFilter={"instanceId": channel})


def edit(product: Product, number: int, **fields: Any) -> None:
    said = product.api("PUT", f"/mj/admin/account/{row(product, number)['id']}", fields)
    assert said["success"], said


def history(admin: AdminSession, product: Product, number: int) -> list[str]:
    """Return the moves of an account as its page tells them, newest first."""
    pk = row(product, number)["id"]
    page = admin.page(f"/admin/accounts/discordaccount/{pk}/change/")
    (shown,) = re.findall(r'<ul class="account-events">(.*?)</ul>', page, re.DOTALL)
    return re.findall(r"<li>[-\d]+ [:\d]+, ([^,<]+)", shown)


def meets(product: Product, sim: Simulator, number: int, **effect: Any) -> None:
    """Have an account's next drawing meet something."""
    match = {"account": product.accounts[number - 1].name, "command": "imagine"}
    sim.rule(match, effect, times=1)
    draw(product, number, f"what meets account {number}")


def test_a_block_ends_by_itself(
    product: Product, sim: Simulator, admin: AdminSession
) -> None:
    meets(product, sim, 1, notice="blocked_until", knobs={"slow_down": 2})
    assert "blocked" in stands(product, 1, "blocked")["disabledReason"]

    stands(product, 1, "ready")

    assert_faithful(product, sim, [product.wait_for(draw(product, 1, "after it"))])
    assert history(admin, product, 1) == [
        "Blocked by Midjourney → Connecting",
        "Ready → Blocked by Midjourney",
    ]


def test_what_waits_for_a_person_is_shown_mailed_and_ended_by_one(
    product: Product, sim: Simulator, admin: AdminSession, box: Mailbox
) -> None:
    names = [account.name for account in product.accounts]
    change = {"change": names[1], "subscription": "None"}
    sim.ask("POST", "accounts", change)
    sim.ask("POST", "accounts", {"revoke": names[2], "close": True})
    product.api("POST", f"/mj/admin/account-sync/{row(product, 2)['id']}")
    stands(product, 2, "no_subscription")
    stands(product, 3, "invalid_token")

    box.wait(1)

    told = box.text(0)
    assert "renew the plan" in told or "enter a new user token" in told
    assert not [a for a in product.accounts if a.user_token in str(box.mails[0])]
    needed = admin.page("/admin/").partition("needs-you")[2]
    assert "Plan ended" in needed
    assert "Invalid token" in needed

    sim.ask("POST", "accounts", change | {"subscription": "Standard (Active monthly)"})
    sim.ask("POST", "accounts", {"restore": names[2]})
    for number in (2, 3):
        edit(product, number, enable=True)
    for number, state in ((2, "Plan ended"), (3, "Invalid token")):
        stands(product, number, "ready")
        assert history(admin, product, number)[0] == f"{state} → Connecting"
    assert "needs-you" not in admin.page("/admin/")
    drawn = [product.wait_for(draw(product, n, f"well again {n}")) for n in (2, 3)]
    assert_faithful(product, sim, drawn)


def test_a_moderators_message_waits_and_its_drawings_move(
    product: Product, sim: Simulator
) -> None:
    meets(product, sim, 1, notice="mod_message")
    stands(product, 1, "paused")

    others = [product.imagine(f"by the others {n}") for n in range(4)]
    assert_faithful(product, sim, product.wait_all(others))

    edit(product, 1, enable=True)
    stands(product, 1, "ready")


def test_after_its_hours_an_account_rests_without_a_socket(
    product: Product, sim: Simulator, admin: AdminSession
) -> None:
    parent = product.wait_for(draw(product, 1, "before it rests"))
    name = product.accounts[0].name
    running = draw(product, 1, "as its hours end")
    product.wait_for(running, "IN_PROGRESS")
    now = datetime.now(UTC).astimezone()
    over = f"{now + timedelta(hours=2):%H:%M}-{now + timedelta(hours=3):%H:%M}"
    pk = row(product, 1)["id"]
    change_hours(admin, pk, over)

    stands(product, 1, "resting")

    def is_closed() -> bool:
        rows = sim.ask("GET", "sessions")
        return name not in {r["account"] for r in rows if r["connected"]}

    assert product.wait_for(running)["status"] == "SUCCESS"  # watched to its end
    eventually(is_closed, what="its socket is closed")
    assert product.press(parent, "upsample::1")["code"] not in (1, 22)
    change_hours(admin, pk, "")
    stands(product, 1, "ready")
    assert_faithful(product, sim, [product.wait_for(draw(product, 1, "rested"))])
    assert not sim.violations()


def change_hours(admin: AdminSession, pk: str, hours: str) -> None:
    """Change the work hours on the account's page, all else as it is."""
    path = f"/admin/accounts/discordaccount/{pk}/change/"
    admin.change(path, work_time=hours)
