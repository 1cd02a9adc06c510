"""Facts that the bots report about an account, and settings pressed from here."""

from __future__ import annotations

from typing import Any

from tests.e2e.calls import eventually
from tests.e2e.harness import Product, Simulator
from tests.pictures import data_url, picture

Json = dict[str, Any]


def fetch(product: Product, number: int = 0) -> Json:
    channel = product.accounts[number].channel_id
    row: Json = product.api("GET", f"/mj/account/{channel}/fetch")
    return row


def shown(product: Product, what: str, look: Any, number: int = 0) -> Json:
    """Return the account once `look` is true of it."""

    def now() -> Json | None:
        row = fetch(product, number)
        return row if look(row) else None

    return eventually(now, what=what, limit=60)


def admin(product: Product, path: str, number: int = 0, **query: str) -> Json:
    channel = product.accounts[number].channel_id
    said: Json = product.api("POST", f"/mj/admin/account-{path}/{channel}", query)
    assert said["success"], said
    return said


def quiet(product: Product, number: int = 0) -> list[Json]:
    """Return the account's queries once all are over, newest first."""
    channel = product.accounts[number].channel_id

    def over() -> list[Json] | None:
        rows = product.api("GET", f"/mj/admin/account-queries/{channel}")
        open_ = [row for row in rows if row["state"] in ("waiting", "sent")]
        return rows if rows and not open_ else None

    return eventually(over, what="all queries are over", limit=90)


def lit(row: Json, label: str) -> bool:
    (found,) = (b for b in row["buttons"] if b["label"] == label)
    return bool(found["style"] == 3)


def press(product: Product, label: str, number: int = 0) -> None:
    row = fetch(product, number)
    (found,) = (b for b in row["buttons"] if b["label"] == label)
    admin(product, "action", number, customId=found["customId"])


def test_an_account_is_read_when_it_connects(product: Product, sim: Simulator) -> None:
    row = shown(
        product, "info and settings", lambda row: row["buttons"] and row["properties"]
    )
    rows = quiet(product)

    assert {query["state"] for query in rows} == {"done"}, rows
    assert row["fastTimeRemaining"].startswith("14.21/15.0 hours")
    assert fetch(product)["nijiButtons"]
    assert row["version"] == "7"
    assert row["displays"]["subscribePlan"] == "Standard"
    assert sim.violations() == []


def test_a_version_is_chosen(product: Product) -> None:
    quiet(product)

    admin(product, "change-version", version="6.1")

    shown(product, "version 6.1", lambda row: row["version"] == "6.1")


def test_a_button_turns_remix_mode(product: Product, sim: Simulator) -> None:
    quiet(product)

    press(product, "Remix mode")

    shown(product, "remix is on", lambda row: row["mjRemixOn"])
    assert account(product, sim)["remix"] is True
    quiet(product)
    admin(product, "command", command="prefer remix")
    shown(product, "remix is off", lambda row: not row["mjRemixOn"])


def account(product: Product, sim: Simulator, number: int = 0) -> Json:
    spec = product.accounts[number]
    rows: list[Json] = sim.ask("GET", "accounts")
    return next(row for row in rows if row["name"] == spec.name)


def test_a_suffix_is_set(product: Product, sim: Simulator) -> None:
    quiet(product)

    admin(product, "command", command="prefer suffix", value="--q 2")
    quiet(product)

    assert account(product, sim)["suffix"] == "--q 2"
    admin(product, "command", command="prefer suffix")
    quiet(product)
    assert account(product, sim)["suffix"] == ""


def test_a_new_session_needs_a_new_panel(product: Product, sim: Simulator) -> None:
    quiet(product)
    spec = product.accounts[0]
    before = {row["session_id"] for row in sim.ask("GET", "sessions")}
    close = {"account": spec.name, "resumable": False}
    sim.ask("POST", "gateway/close", close)

    def new_session() -> bool:
        sessions = {row["session_id"] for row in sim.ask("GET", "sessions")}
        return bool(sessions - before) and fetch(product)["state"] == "ready"

    eventually(new_session, what="a new session")
    press(product, "RAW Mode")

    shown(product, "RAW Mode is on", lambda row: lit(row, "RAW Mode"))
    assert {query["state"] for query in quiet(product)[:3]} == {"done"}


def test_used_up_fast_time_leads_to_relax_and_back(
    product: Product, sim: Simulator
) -> None:
    spec, channel = product.accounts[1], product.accounts[1].channel_id
    body = {"enableFastToRelax": True, "enableRelaxToFast": True}
    product.api("PUT", f"/mj/admin/account/{channel}", body)
    shown(product, "ready again", lambda row: row["state"] == "ready", 1)
    quiet(product, 1)
    none, all_ = "0.0/15.0 hours (0.0%)", "15.0/15.0 hours (100.0%)"

    sim.ask("POST", "accounts", {"change": spec.name, "fast_time": none})
    admin(product, "sync", 1)
    shown(product, "fast is used up", lambda row: row["fastExhausted"], 1)
    quiet(product, 1)
    assert account(product, sim, 1)["mode"] == "relax"

    sim.ask("POST", "accounts", {"change": spec.name, "fast_time": all_})
    admin(product, "sync", 1)
    shown(product, "fast is back", lambda row: not row["fastExhausted"], 1)
    quiet(product, 1)
    assert account(product, sim, 1)["mode"] == "fast"


def test_a_blend_is_drawn_at_the_speed_that_was_asked_for(
    product: Product, sim: Simulator
) -> None:
    channel = product.accounts[1].channel_id
    body = {"enableSwitchSpeed": True, "enableRelaxToFast": False}
    product.api("PUT", f"/mj/admin/account/{channel}", body)
    shown(product, "ready again", lambda row: row["state"] == "ready", 1)
    pictures = [data_url(picture(colour=colour)) for colour in ("red", "blue")]
    blend = {"base64Array": pictures, "accountFilter": {"instanceId": channel}}

    said = product.api("POST", "/mj-relax/mj/submit/blend", blend)
    task = product.wait_for(said["result"])

    (job,) = (job for job in sim.jobs() if job["uuid"] == task["jobId"])
    assert (job["mode"], task["mode"], task["requestMode"]) == (
        "relaxed",
        "RELAX",
        "RELAX",
    )
    quiet(product, 1)
    product.api("PUT", f"/mj/admin/account/{channel}", {"enableSwitchSpeed": False})

    said = product.api("POST", "/mj-fast/mj/submit/blend", blend)
    task = product.wait_for(said["result"])

    assert (task["mode"], task["requestMode"]) == ("RELAX", "FAST")


def test_an_ended_plan_stops_its_account(product: Product, sim: Simulator) -> None:
    spec = product.accounts[2]
    quiet(product, 2)
    sim.ask("POST", "accounts", {"change": spec.name, "subscription": "None"})

    admin(product, "sync", 2)

    row = shown(
        product, "it has no plan", lambda row: row["state"] == "no_subscription", 2
    )
    assert "no active plan" in row["disabledReason"]
    quiet(product, 2)
    assert sim.violations() == []
