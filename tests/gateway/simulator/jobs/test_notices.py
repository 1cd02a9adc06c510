"""The catalogue of notices: titles, forms, buttons."""

import re
from typing import Any

import pytest

from gateway.simulator.jobs.notices import NOTICES
from tests.gateway.simulator.client import Client, button, client, running
from tests.gateway.simulator.command_client import jobs

Json = dict[str, Any]
TITLES = {
    "Invalid parameter",
    "Invalid prompt",
    "Invalid request",
    "Empty prompt",
    "Prompt too long",
    "Invalid link",
    "Could not validate this link",
    "Banned prompt detected",
    "Banned image prompt",
    "Action needed to continue",
    "Appeal accepted",
    "Appeal rejected",
    "Image denied",
    "Request cancelled due to image filters",
    "Request cancelled due to output filters",
    "Sorry! Could not complete the job!",
    "Sorry, something went wrong",
    "Internal server error",
    "Duplicate images detected",
    "Slow Down!",
    "Job queued",
    "Queue full",
    "Job action restricted",
    "Credits exhausted",
    "Subscription required",
    "Plan Cancelled",
    "Subscription paused",
    "Trial ended",
    "Pending mod message",
    "Blocked",
    "Action required to continue",
    "Please complete the task",
    "Tos not accepted",
    "Maintenance",
    "Midjourney is temporarily unavailable",
}


async def refused(one: Client, notice: str, **effect: Any) -> None:
    """Imagine, and let it be answered with the notice."""
    body = {"match": {"command": "imagine"}, "effect": {"notice": notice, **effect}}
    await one.sim("POST", "/rules", {**body, "times": 1})
    assert (await one.imagine("a red fox --v 7"))[0] == 204


def embedded(d: Json) -> bool:
    return bool(d.get("embeds"))


def test_the_catalogue_has_every_title() -> None:
    assert {notice.title for notice in NOTICES.values()} >= TITLES


async def told_in(one: Client, form: str) -> Json:
    """What answers the last interaction in a notice of this form."""
    nonce = one.last_nonce
    if form == "G":
        return await one.event("INTERACTION_FAILURE", lambda d: d["nonce"] == nonce)
    first = await one.event("MESSAGE_CREATE", lambda d: d.get("nonce") == nonce)
    if form == "F":
        return await one.event("MESSAGE_DELETE", lambda d: d["id"] == first["id"])
    if form == "D":
        return await one.event(
            "MESSAGE_CREATE",
            lambda d: d.get("message_reference", {}).get("message_id") == first["id"],
        )
    if form in "BC":
        return await one.event(
            "MESSAGE_UPDATE", lambda d: d["id"] == first["id"] and embedded(d)
        )
    return first


@pytest.mark.parametrize("form", "ABCDEFG")
@pytest.mark.asyncio
async def test_every_notice_can_be_told_in_every_form(form: str) -> None:
    async with running() as simulator, client(simulator) as one:
        for name, notice in NOTICES.items():
            await refused(one, name, form=form)
            told = await told_in(one, form)

            titles = [embed["title"] for embed in told.get("embeds", [])]
            assert titles == ([notice.title] if form in "ABCD" else [])
            assert ("nonce" in told) is (form in "AEG")
            assert told.get("content", "") == (notice.text() if form == "E" else "")


@pytest.mark.asyncio
async def test_form_h_is_followed_by_nothing() -> None:
    async with running() as simulator, client(simulator) as one:
        await refused(one, "silence")
        await one.imagine("a blue fox")
        final = await one.final()

        nonces = {frame["d"].get("nonce") for frame in one.events if frame["t"]}
        first, second = "1290000000000000001", "1290000000000000002"
        names = [f["t"] for f in one.events if f["d"].get("nonce") == first]

        assert "a blue fox" in final["content"]
        assert second in nonces
        assert names == ["INTERACTION_CREATE"]


@pytest.mark.parametrize(("outcome", "drawn"), [("accepted", 1), ("rejected", 0)])
@pytest.mark.asyncio
async def test_an_appeal_may_succeed_or_fail(outcome: str, drawn: int) -> None:
    async with (
        running(knobs={"appeal": outcome}) as simulator,
        client(simulator) as one,
    ):
        await refused(one, "soft_banned")
        told = await one.event("MESSAGE_CREATE", embedded)

        status, _ = await one.click(told, button(told, "Appeal"))

        answer = await one.event("MESSAGE_UPDATE", embedded)
        assert status == 204
        assert answer["id"] == told["id"]
        assert answer["embeds"][0]["title"] == f"Appeal {outcome}"
        assert answer["components"] == []
        if drawn:
            start = await one.event("MESSAGE_CREATE", lambda d: not embedded(d))
            assert start["nonce"] == one.last_nonce
            assert "a red fox --v 7.0** - " in (await one.final())["content"]
        assert len(await jobs(one)) == drawn


@pytest.mark.parametrize(
    ("notice", "label"), [("mod_message", "Acknowledge"), ("tos", "Accept ToS")]
)
@pytest.mark.asyncio
async def test_a_notice_can_be_acknowledged(notice: str, label: str) -> None:
    async with running() as simulator, client(simulator) as one:
        await refused(one, notice)
        told = await one.event("MESSAGE_CREATE", embedded)

        status, _ = await one.click(told, button(told, label))
        answer = await one.event("MESSAGE_UPDATE", embedded)
        again, body = await one.click(told, button(told, label))

        assert (status, again, body["code"]) == (204, 400, 50035)
        assert answer["embeds"][0]["color"] == 65280


@pytest.mark.asyncio
async def test_slow_down_tells_until_when() -> None:
    knobs = {"slow_down": 60}
    async with running(knobs=knobs) as simulator, client(simulator) as one:
        await one.imagine("a red fox")
        grid = await one.final()
        await one.click(grid, button(grid, "U1"))
        await one.final("Image #1")
        before = simulator.core.clock.now()

        await one.click(grid, button(grid, "U1"))

        told = await one.event("MESSAGE_CREATE", embedded)
        found = re.search(r"<t:(\d+):R>", told["embeds"][0]["description"])
        assert found is not None
        assert int(found[1]) >= int(before) + 60
        assert told["message_reference"]["message_id"] == grid["id"]


@pytest.mark.parametrize("form", ["A", "E"])
@pytest.mark.asyncio
async def test_a_notice_may_come_without_a_task(form: str) -> None:
    async with running() as simulator, client(simulator) as one:
        body = {"account": one.spec.name, "notice": "mod_message", "form": form}

        await one.sim("POST", "/notice", body)

        told = await one.event("MESSAGE_CREATE")
        assert "Pending mod message" in (told["content"] or told["embeds"][0]["title"])
        assert "nonce" not in told
