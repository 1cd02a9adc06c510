"""Sub-channels, shared channels, what is read there, and each account's own proxy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.simulator.state.accounts import AccountSpec, account_spec
from tests.e2e.harness import Product, Simulator, eventually
from tests.e2e.judge import assert_faithful
from tests.http_proxy import Proxy

OWNER, HOST, BYSTANDER = (account_spec(number) for number in (1, 2, 3))
BEHIND, GUEST = account_spec(7), account_spec(8)


def row_of(product: Product, spec: AccountSpec) -> dict[str, Any]:
    row: dict[str, Any] = product.api("GET", f"/mj/account/{spec.channel_id}/fetch")
    return row


def edit(product: Product, spec: AccountSpec, **members: Any) -> None:
    answer = product.api("PUT", f"/mj/admin/account/{spec.channel_id}", members)
    assert answer["success"], answer


def link(spec: AccountSpec) -> str:
    return f"https://discord.com/channels/{spec.guild_id}/{spec.channel_id}"


def is_ready(product: Product, spec: AccountSpec) -> None:
    eventually(
        lambda: row_of(product, spec)["state"] == "ready", what=f"{spec.name} is ready"
    )


def invite(sim: Simulator, where: AccountSpec, guest: AccountSpec) -> None:
    wish = {"channel_id": where.channel_id, "guests": [guest.name]}
    sim.ask("POST", "channels", {"account": where.name, **wish})


def by(spec: AccountSpec) -> dict[str, Any]:
    return {"accountFilter": {"instanceId": spec.channel_id}}


def acks(sim: Simulator) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = sim.ask("GET", "ledger?fields=acks")["acks"]
    return rows


@pytest.fixture(scope="module")
def shared(product: Product, sim: Simulator) -> None:
    """Two accounts, each of which works in the other's channel too."""
    invite(sim, OWNER, HOST)
    invite(sim, HOST, OWNER)
    edit(product, HOST, subChannels=[f"{link(OWNER)}, the first studio"])
    edit(product, OWNER, subChannels=[link(HOST)])
    for spec in (OWNER, HOST):
        is_ready(product, spec)


@pytest.mark.usefixtures("shared")
def test_equal_prompts_in_shared_channels_stay_apart(
    product: Product, sim: Simulator
) -> None:
    sim.rule({"phase": "final"}, {"shuffle": 2}, times=4)

    ids = [
        product.imagine("the same words", **by(spec))
        for _ in range(4)
        for spec in (OWNER, HOST)
    ]
    tasks = product.wait_all(ids)
    sim.ask("DELETE", "rules")

    assert_faithful(product, sim, tasks)
    drawn = {job["uuid"]: job for job in sim.jobs()}
    for task in tasks:
        owner = OWNER if task["instanceId"] == OWNER.channel_id else HOST
        assert drawn[task["jobId"]]["account"] == owner.name
        assert task["subInstanceId"] is None


@pytest.mark.usefixtures("shared")
def test_what_was_drawn_is_marked_as_read(product: Product, sim: Simulator) -> None:
    task = product.wait_for(product.imagine("something to look at", **by(HOST)))

    def read() -> bool:
        return any(
            int(ack["message_id"]) >= int(task["messageId"])
            for ack in acks(sim)
            if (ack["account"], ack["channel_id"]) == (HOST.name, HOST.channel_id)
        )

    eventually(read, what="the result is acknowledged", limit=60)


@pytest.mark.usefixtures("shared")
def test_a_host_goes_on_where_the_owner_has_gone(
    product: Product, sim: Simulator
) -> None:
    drawn = product.wait_for(product.imagine("an unfinished work", **by(OWNER)))
    sim.ask("POST", "accounts", {"revoke": OWNER.name, "close": True})
    eventually(
        lambda: row_of(product, OWNER)["state"] == "invalid_token", what="it is gone"
    )

    refused = product.api(
        "POST",
        "/mj/submit/change",
        {"taskId": drawn["id"], "action": "UPSCALE", "index": 1},
    )
    pressed = product.press(drawn, "upsample::2")
    upscaled = product.wait_for(pressed["result"])
    zoomed = product.answer_window(product.press(upscaled, "CustomZoom"), prompt="more")
    last = product.wait_for(zoomed)

    assert refused["code"] == 3
    assert [t["status"] for t in (upscaled, last)] == ["SUCCESS"] * 2
    for task in (upscaled, last):
        assert task["instanceId"] == HOST.channel_id
        assert task["subInstanceId"] == OWNER.channel_id
    assert_faithful(product, sim, [upscaled, last])
    jobs = {job["uuid"]: job for job in sim.jobs()}
    assert {jobs[t["jobId"]]["account"] for t in (upscaled, last)} == {HOST.name}
    pressed_by = {row["account"] for row in sim.interactions() if row["custom_id"]}
    assert HOST.name in pressed_by
    assert BYSTANDER.name not in pressed_by


# --- proxies -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    with Proxy("operator").in_a_thread() as found:
        yield found


def test_an_account_reaches_discord_through_its_own_proxy_alone(
    product: Product, sim: Simulator, proxy: Proxy
) -> None:
    sim.ask("POST", "accounts", {"number": 7})
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/136.0.0.0"
    product.add_account(BEHIND, proxyUrl=proxy.url, userAgent=agent)
    is_ready(product, BEHIND)

    task = product.wait_for(product.imagine("behind a curtain", **by(BEHIND)))

    assert_faithful(product, sim, [task])
    own = [r for r in sim.ask("GET", "log") if r["account"] == BEHIND.name]
    passed = {(each.method, each.path) for each in proxy.passed}
    assert {(r["method"], r["path"]) for r in own} <= passed
    assert {each.user_agent for each in proxy.passed} == {agent}
    assert any(each.path.startswith("/gateway") for each in proxy.passed)
    assert proxy.password not in product.log.read_text()


def test_a_proxy_that_goes_away_stops_its_account_only(
    product: Product, sim: Simulator
) -> None:
    sim.ask("POST", "accounts", {"number": 8})
    own = Proxy("guest")
    with own.in_a_thread():
        product.add_account(GUEST, proxyUrl=own.url)
        is_ready(product, GUEST)

    def gone() -> bool:
        row = row_of(product, GUEST)
        return row["state"] == "disconnected" and "proxy" in row["disabledReason"]

    eventually(gone, what="the account says that its proxy is away")
    others = product.imagine("by another", **by(BYSTANDER))
    assert product.wait_for(others)["status"] == "SUCCESS"

    with own.in_a_thread():
        is_ready(product, GUEST)
    product.api("DELETE", f"/mj/admin/account/{row_of(product, GUEST)['id']}")


# --- what is wrong is said before it is saved -----------------------------------------


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"userToken": "unknown.to.discord"}, "userToken"),
        ({"channelId": "1999000000000000001"}, "channelId"),
        ({"guildId": BYSTANDER.guild_id}, "channelId"),
        ({"proxyUrl": "http://127.0.0.1:1"}, "proxyUrl"),
        ({"subChannels": [link(BYSTANDER)]}, "subChannels"),
        ({"subChannels": [link(account_spec(9))] * 2}, "subChannels"),
    ],
)
def test_a_wrong_account_is_refused_by_field(
    product: Product, sim: Simulator, members: dict[str, Any], named: str
) -> None:
    sim.ask("POST", "accounts", {"number": 9})
    spec = account_spec(9)
    body = {
        "guildId": spec.guild_id,
        "channelId": spec.channel_id,
        "userToken": spec.user_token,
    }

    answer = product.api("POST", "/mj/admin/account", body | members)

    assert (answer["success"], answer["code"]) == (False, -1)
    assert named in answer["message"]
    rows = product.api("GET", "/mj/account/list")
    assert spec.channel_id not in {row["channelId"] for row in rows}
