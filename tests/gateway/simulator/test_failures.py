"""Failures that need more than one rule: see the list in docs/simulator.md."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from gateway.simulator.app import Simulator
from gateway.simulator.state.accounts import AccountSpec
from tests.gateway.simulator.client import Client, button, client, running
from tests.gateway.simulator.command_client import jobs

Json = dict[str, Any]


@contextlib.asynccontextmanager
async def neighbour(simulator: Simulator, one: Client) -> AsyncIterator[Client]:
    """A second account in the first one's channel."""
    place = {"channel_id": one.spec.channel_id, "guild_id": one.spec.guild_id}
    facts = await one.sim("POST", "/accounts", place)
    names = AccountSpec.__dataclass_fields__
    spec = AccountSpec(**{name: facts[name] for name in names})
    async with aiohttp.ClientSession() as http:
        fresh = Client(simulator.url, http, spec)
        await fresh.connect()
        yield fresh


@pytest.mark.asyncio
async def test_two_accounts_in_one_channel_see_each_other() -> None:
    async with (
        running() as simulator,
        client(simulator) as one,
        neighbour(simulator, one) as two,
    ):
        await one.imagine("a red fox")
        await two.imagine("a red fox")
        await one.sim("GET", "/wait?jobs=2")
        mine, theirs = await jobs(one)

        seen = [await two.event("MESSAGE_CREATE", _is(job)) for job in (mine, theirs)]

        assert [f"<@{job['user_id']}>" in d["content"] for job, d in
                zip((mine, theirs), seen, strict=True)] == [True, True]  # fmt: skip
        assert mine["user_id"] != theirs["user_id"]
        foreign = [
            frame["d"]
            for frame in two.events
            if f"<@{mine['user_id']}>" in frame["d"].get("content", "")
        ]
        assert foreign
        assert not any("nonce" in d for d in foreign)


def _is(job: Json) -> Any:
    return lambda d: d["id"] == job["message_id"]


@pytest.mark.asyncio
async def test_a_neighbour_may_press_but_not_cancel() -> None:
    async with (
        running() as simulator,
        client(simulator) as one,
        neighbour(simulator, one) as two,
    ):
        rule = {"match": {"command": "imagine"}, "effect": {"finish_at": 31}}
        await one.sim("POST", "/rules", {**rule, "times": 1})
        await one.imagine("a red fox")
        shown = await two.event("MESSAGE_UPDATE", lambda d: "(31%)" in d["content"])

        await two.click(shown, button(shown, "Cancel Job"))
        assert await two.event("INTERACTION_FAILURE")
        await one.sim("GET", "/wait?jobs=1&state=hung")
        await one.sim("POST", "/release", {})

        assert await one.final()


@pytest.mark.asyncio
async def test_a_message_may_be_removed_before_its_click() -> None:
    async with running() as simulator, client(simulator) as one:
        await one.imagine("a red fox")
        grid = await one.final()
        await one.sim("DELETE", f"/messages/{grid['id']}?silent")

        status, body = await one.click(grid, button(grid, "U1"))

        assert (status, body["code"]) == (404, 10008)


@pytest.mark.asyncio
async def test_the_result_may_come_in_the_progress_message() -> None:
    knobs = {"final_form": "edit"}
    async with running(knobs=knobs) as simulator, client(simulator) as one:
        await one.imagine("a red fox")
        final = await one.event("MESSAGE_UPDATE", lambda d: len(d["components"]) > 1)
        await one.click(final, button(final, "U1"))

        single = await one.event("MESSAGE_CREATE", lambda d: "Image #1" in d["content"])

        assert single["message_reference"]["message_id"] == final["id"]
        assert (await jobs(one))[0]["progress_message_id"] == final["id"]


@pytest.mark.asyncio
async def test_a_job_may_finish_long_after_everybody_gave_up() -> None:
    async with running() as simulator, client(simulator) as one:
        rule = {"match": {"command": "imagine"}, "effect": {"finish_at": 62}}
        await one.sim("POST", "/rules", {**rule, "times": 1})
        await one.imagine("a red fox")
        await one.sim("GET", "/wait?jobs=1&state=hung")
        await one.imagine("a red fox")
        quick = await one.final()

        await one.sim("POST", "/release", {})

        late = await one.event(
            "MESSAGE_CREATE",
            lambda d: bool(d["attachments"]) and d["id"] != quick["id"],
        )
        first, second = await jobs(one)
        assert (first["message_id"], second["message_id"]) == (late["id"], quick["id"])


@pytest.mark.parametrize("kind", ["x", [], {}, None, 1, 4, 99])
@pytest.mark.asyncio
async def test_an_unknown_kind_of_interaction_is_refused(kind: Any) -> None:
    async with running() as simulator, client(simulator) as one:
        status, body = await one.interact(kind, {"options": 5, "components": "x"})

        assert (status, body["code"]) == (400, 50035)


@pytest.mark.parametrize("form", ["empty", "half", "html"])
async def test_answers_lose_their_bodies(form: str) -> None:
    async with running() as simulator, client(simulator) as one:
        token = {"Authorization": one.spec.user_token}
        me = f"{simulator.url}/api/v9/users/@me"
        await one.sim("PATCH", "/knobs", {"garbled": form})

        async with one.http.get(me, headers=token) as answer:
            body, status = await answer.read(), answer.status
        async with one.http.get(me) as refused:
            assert (await refused.json())["message"] == "401: Unauthorized"
        await one.sim("PATCH", "/knobs", {"garbled": ""})
        async with one.http.get(me, headers=token) as answer:
            whole = await answer.read()

    assert status == 200
    if form == "html":
        assert body.startswith(b"<!doctype")
    else:
        assert whole.startswith(body)
        assert len(body) < len(whole)
