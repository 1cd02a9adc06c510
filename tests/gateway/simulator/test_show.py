"""A finished job once more: show, copies in the DM, seeds."""

from typing import Any

import pytest

from gateway.simulator.base.constants import MIDJOURNEY, NIJI
from tests.gateway.simulator.client import Client, button, client, running
from tests.gateway.simulator.command_client import bytes_of, command, jobs, sha256, text

Json = dict[str, Any]
ENVELOPE = "%E2%9C%89%EF%B8%8F"


async def drawn(one: Client, prompt: str = "a red fox") -> tuple[Json, str]:
    """The message of a new grid, and its job's uuid."""
    await one.imagine(prompt)
    message = await one.final(prompt)
    return message, (await jobs(one))[-1]["uuid"]


async def show(one: Client, uuid: str, **extra: Any) -> Json:
    await command(one, "show", text("job_id", uuid), **extra)
    nonce = one.last_nonce
    return await one.event("MESSAGE_CREATE", lambda d: d.get("nonce") == nonce)


async def react(one: Client, message: Json) -> int:
    place = f"/channels/{message['channel_id']}/messages/{message['id']}"
    path = f"{place}/reactions/{ENVELOPE}/%40me?location=Message&type=0"
    return (await one.call("PUT", path))[0]


@pytest.mark.asyncio
async def test_a_job_is_shown_with_its_buttons_and_its_uuid() -> None:
    async with running() as simulator, client(simulator) as one:
        grid, uuid = await drawn(one)

        shown = await show(one, uuid)

        assert shown["id"] != grid["id"]
        assert shown["content"] == grid["content"]
        assert shown["components"] == grid["components"]
        assert shown["interaction"]["name"] == "show"
        assert shown["interaction_metadata"]["name"] == "show"
        (job,) = await jobs(one)
        url = shown["attachments"][0]["url"]
        assert url != grid["attachments"][0]["url"]
        assert sha256(await bytes_of(one, url)) == job["picture_sha256"]
        assert (job["message_id"], job["copies"]) == (grid["id"], [shown["id"]])


@pytest.mark.asyncio
async def test_a_job_whose_message_is_gone_can_be_used_again() -> None:
    async with running() as simulator, client(simulator) as one:
        grid, uuid = await drawn(one)
        await one.sim("DELETE", f"/messages/{grid['id']}")
        status, body = await one.click(grid, button(grid, "U1"))

        shown = await show(one, uuid)
        await one.click(shown, button(shown, "U1"))

        single = await one.final("Image #1")
        assert (status, body["code"]) == (404, 10008)
        assert single["message_reference"]["message_id"] == shown["id"]


@pytest.mark.asyncio
async def test_a_single_picture_is_shown_in_its_own_words_in_the_dm() -> None:
    async with running() as simulator, client(simulator) as one:
        grid, _ = await drawn(one)
        await one.click(grid, button(grid, "U2"))
        single = await one.final("Image #2")
        _, job = await jobs(one)

        place = {"channel_id": one.spec.mj_dm_channel_id, "guild_id": None}
        shown = await show(one, job["uuid"], **place)

        assert shown["channel_id"] == one.spec.mj_dm_channel_id
        assert "guild_id" not in shown
        assert shown["content"] == single["content"]


@pytest.mark.parametrize("whose", ["nobody", "another", "unfinished"])
@pytest.mark.asyncio
async def test_only_ones_own_finished_jobs_are_shown(whose: str) -> None:
    async with (
        running() as simulator,
        client(simulator) as one,
        client(simulator, 2) as two,
    ):
        effect = {"hang_at": 31} if whose == "unfinished" else {"at": 101}
        await one.sim("POST", "/rules", {"match": {}, "effect": effect})
        user = two if whose == "another" else one
        await user.imagine("a red fox")
        state = "hung" if whose == "unfinished" else "finished"
        await one.sim("GET", f"/wait?jobs=1&state={state}")
        (job,) = await jobs(one)

        uuid = "nothing" if whose == "nobody" else job["uuid"]
        await command(one, "show", text("job_id", uuid))

        told = await one.event("MESSAGE_UPDATE", lambda d: bool(d["embeds"]))
        assert told["embeds"][0]["title"] == "Job not found"
        assert told["embeds"][0]["color"] == 16711680


@pytest.mark.parametrize("place", ["channel", "dm"])
@pytest.mark.asyncio
async def test_an_envelope_brings_the_seed_into_the_dm(place: str) -> None:
    async with running() as simulator, client(simulator) as one:
        message, uuid = await drawn(one)
        if place == "dm":
            where = {"channel_id": one.spec.mj_dm_channel_id, "guild_id": None}
            message = await show(one, uuid, **where)

        status = await react(one, message)

        told = await one.event(
            "MESSAGE_CREATE", lambda d: "**seed**" in d.get("content", "")
        )
        (job,) = await jobs(one)
        assert status == 204
        assert told["channel_id"] == one.spec.mj_dm_channel_id
        assert told["content"] == (
            f"**a red fox**\n**Job ID**: {uuid}\n**seed** {job['seed']}"
        )
        assert "nonce" not in told


@pytest.mark.asyncio
async def test_an_envelope_on_anothers_job_brings_nothing() -> None:
    async with running() as simulator, client(simulator) as one:
        body = {"account": one.spec.name, "prompt": "a stranger's fox"}
        await one.sim("POST", "/foreign", body)
        foreign = await one.final()
        own, _ = await drawn(one)

        statuses = [await react(one, foreign), await react(one, own)]

        assert statuses == [204, 204]
        told = await one.event(
            "MESSAGE_CREATE", lambda d: "**seed**" in d.get("content", "")
        )
        assert "**a red fox**" in told["content"]


@pytest.mark.asyncio
async def test_results_are_copied_into_the_dm_if_the_user_likes() -> None:
    async with running() as simulator, client(simulator) as one:
        account = simulator.core.account(one.spec.name)
        assert account is not None
        account.preferences[MIDJOURNEY].auto_dm = True

        grid, uuid = await drawn(one)

        dm = one.spec.mj_dm_channel_id
        copy = await one.event("MESSAGE_CREATE", lambda d: d["channel_id"] == dm)
        assert copy["content"] == grid["content"]
        assert copy["components"] == grid["components"]
        assert uuid in copy["attachments"][0]["filename"]


@pytest.mark.asyncio
async def test_niji_copies_a_result_into_its_own_dm() -> None:
    async with running() as simulator, client(simulator) as one:
        await command(one, "imagine", text("prompt", "a red fox"), app=NIJI)
        grid = await one.final()
        data = {"id": "987795925764280353", "version": "1237876415790055478"}
        target = {"name": "DM Results", "type": 3, "target_id": grid["id"]}

        status, _ = await one.interact(2, {**data, **target})

        dm = one.spec.niji_dm_channel_id
        assert status == 204
        assert await one.event("MESSAGE_CREATE", lambda d: d["channel_id"] == dm)


@pytest.mark.asyncio
async def test_copies_and_short_links_are_known_after_a_restart(tmp_path: Any) -> None:
    state = tmp_path / "state.jsonl"
    async with running(state=state) as simulator, client(simulator) as one:
        _, uuid = await drawn(one)
        shown = await show(one, uuid)
        (job,) = await jobs(one)
        port = int(one.url.rsplit(":", 1)[1])
        await one.imagine(f"{job['picture_url']} at night")
        link = (await one.final("at night"))["content"].split("<")[1].split(">")[0]

    async with running(state=state, port=port) as simulator, client(simulator) as one:
        path = f"/channels/{one.spec.channel_id}/messages?around={shown['id']}&limit=1"
        _, (message,) = await one.call("GET", path)

        data = await bytes_of(one, message["attachments"][0]["url"])

        assert sha256(data) == job["picture_sha256"]
        assert await bytes_of(one, link.replace("https:/", one.url)) == data
        assert await react(one, message) == 204
        assert await one.event("MESSAGE_CREATE", lambda d: "**seed**" in d["content"])
