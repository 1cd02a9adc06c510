"""Describe: by upload and by link, its buttons, what it refuses."""

from typing import Any

import pytest

from gateway.simulator.base.constants import NIJI
from tests.gateway.simulator.client import Client, button, client, running
from tests.gateway.simulator.command_client import (
    answered,
    bytes_of,
    command,
    jobs,
    png,
    sha256,
    text,
    upload,
)
from tests.gateway.simulator.window_client import field, opened, result, submit

Json = dict[str, Any]


async def describe(one: Client, data: bytes, name: str = "fox.png") -> Json:
    """The answer about an uploaded picture."""
    file = await upload(one, data, name)
    assert (await command(one, "describe", files={"image": file}))[0] == 204
    return await answered(one)


@pytest.mark.asyncio
async def test_an_upload_is_described_in_a_deferred_message() -> None:
    async with running() as simulator, client(simulator) as one:
        data = png()

        told = await describe(one, data, "1736510400000123.png")

        empty = await one.event("MESSAGE_CREATE")
        assert (empty["flags"], empty["content"], empty["embeds"]) == (128, "", [])
        assert empty["interaction_metadata"]["name"] == "describe"
        assert (told["flags"], "nonce" in told) == (0, False)
        image = told["embeds"][0]["image"]
        assert "/ephemeral-attachments/1092492867185950852/" in image["url"]
        assert "/1736510400000123.png?ex=" in image["url"]
        assert (image["width"], image["height"]) == (8, 4)
        assert await bytes_of(one, image["url"]) == data
        (job,) = await jobs(one)
        lines = told["embeds"][0]["description"].split("\n\n")
        assert lines == [f"{n}️⃣ {job['texts'][n - 1]}" for n in range(1, 5)]
        assert "1736510400000123" in lines[0]
        assert lines[0].endswith("--ar 2:1")
        assert (job["kind"], job["state"]) == ("describe", "finished")
        assert job["inputs"] == [sha256(data)]
        assert job["picture_sha256"] == sha256(data)
        assert job["message_id"] == told["id"]


@pytest.mark.asyncio
async def test_two_pictures_of_one_name_get_different_texts() -> None:
    async with running() as simulator, client(simulator) as one:
        await describe(one, png("red"))
        await describe(one, png("blue"))

        first, second = await jobs(one)

        assert set(first["texts"]).isdisjoint(second["texts"])


@pytest.mark.asyncio
async def test_retry_edits_the_same_message() -> None:
    async with running() as simulator, client(simulator) as one:
        told = await describe(one, png())
        await one.click(told, button(told, "🔄"))
        await one.sim("GET", "/wait?jobs=2")

        first, second = await jobs(one)

        again = await one.event(
            "MESSAGE_UPDATE",
            lambda d: bool(d["embeds"]) and d["embeds"] != told["embeds"],
        )
        assert again["id"] == told["id"]
        assert again["components"] == told["components"]
        assert again["embeds"][0]["image"] == told["embeds"][0]["image"]
        assert set(first["texts"]).isdisjoint(second["texts"])
        assert second["parent_job"] == first["uuid"]
        assert second["inputs"] == first["inputs"]
        assert second["nonce"] == one.last_nonce


@pytest.mark.asyncio
async def test_a_number_opens_a_window_with_its_text() -> None:
    knobs = {"describe_links": True}
    async with running(knobs=knobs) as simulator, client(simulator) as one:
        told = await describe(one, png())
        (job,) = await jobs(one)

        window = await opened(one, told, "3️⃣")
        await submit(one, window, "a red fox, changed")

        assert window["custom_id"] == "MJ::Picreader::Modal::3"
        assert field(window)["custom_id"] == "MJ::Picreader::Modal::PromptField"
        assert field(window)["value"] == job["texts"][2]
        drawn = await result(one, "a red fox, changed")
        assert drawn["message_reference"]["message_id"] == told["id"]


@pytest.mark.asyncio
async def test_imagine_all_starts_four_jobs_and_answers_once() -> None:
    async with running() as simulator, client(simulator) as one:
        told = await describe(one, png())
        await one.click(told, button(told, "Imagine all"))
        await one.sim("GET", "/wait?jobs=5")

        parent, *drawn = await jobs(one)

        assert [job["prompt"] for job in drawn] == parent["texts"]
        assert {job["parent_job"] for job in drawn} == {parent["uuid"]}
        assert len({job["picture_sha256"] for job in drawn}) == 4
        starts = [
            frame["d"].get("nonce")
            for frame in one.events
            if frame["t"] == "MESSAGE_CREATE" and "to start" in frame["d"]["content"]
        ]
        assert starts.count(one.last_nonce) == 1
        successes = [f for f in one.events if f["t"] == "INTERACTION_SUCCESS"]
        assert len(successes) == 2


@pytest.mark.asyncio
async def test_a_link_is_described_as_it_stands() -> None:
    async with running() as simulator, client(simulator) as one:
        await one.imagine("a red fox")
        url = (await one.final())["attachments"][0]["url"]

        await command(one, "describe", text("link", url))
        told = await answered(one)

        assert told["embeds"][0]["image"]["url"] == url
        drawn, described = await jobs(one)
        assert described["inputs"] == [drawn["picture_sha256"]]


@pytest.mark.asyncio
async def test_a_link_out_of_this_machine_is_not_fetched() -> None:
    async with running() as simulator, client(simulator) as one:
        await command(one, "describe", text("link", "https://example.invalid/fox.png"))

        told = await answered(one)

        (job,) = await jobs(one)
        assert "fox" in told["embeds"][0]["description"]
        assert (job["inputs"], job["picture_sha256"]) == ([], None)


@pytest.mark.parametrize("case", ["broken", "neither", "both", "no picture"])
@pytest.mark.asyncio
async def test_what_cannot_be_described_is_told_so(case: str) -> None:
    async with running() as simulator, client(simulator) as one:
        link = text("link", f"{one.url}/attachments/1/2/gone.png")
        data = b"words" if case == "no picture" else png()
        file = {"image": await upload(one, data)}
        options = [link] if case in ("broken", "both") else []
        files = file if case in ("both", "no picture") else None

        await command(one, "describe", *options, files=files)

        def told(d: Json) -> bool:
            return bool(d["embeds"])

        broken = case in ("broken", "no picture")
        event = "MESSAGE_UPDATE" if broken else "MESSAGE_CREATE"
        title = (await one.event(event, told))["embeds"][0]["title"]
        assert title == ("Invalid link" if broken else "Invalid request")
        assert await jobs(one) == []


@pytest.mark.asyncio
async def test_an_upload_works_once_and_only_if_it_exists() -> None:
    async with running() as simulator, client(simulator) as one:
        file = await upload(one, png())
        statuses = []
        for image in (
            file,
            file,
            {"filename": "a.png", "uploaded_filename": "x/a.png"},
        ):
            status, body = await command(one, "describe", files={"image": image})
            statuses.append((status, (body or {}).get("code")))
        dangling = {"type": 11, "name": "image", "value": 7}

        status, body = await command(one, "describe", dangling)

        assert statuses == [(204, None), (400, 50035), (400, 50035)]
        assert (status, body["code"]) == (400, 50035)


@pytest.mark.parametrize(
    "options",
    [
        5,
        ["link"],
        [{"type": 3, "name": "image", "value": "https://example.invalid/a.png"}],
        [{"type": 3, "name": "colour", "value": "red"}],
        [{"type": 3, "name": "link", "value": "x" * 6001}],
    ],
)
@pytest.mark.asyncio
async def test_options_must_be_those_of_the_index(options: Any) -> None:
    async with running() as simulator, client(simulator) as one:
        data = {"id": "1092492867185950852", "version": "1237876415471554625"}

        status, body = await one.interact(
            2, {**data, "name": "describe", "type": 1, "options": options}
        )

        assert (status, body["code"]) == (400, 50035)


@pytest.mark.asyncio
async def test_a_describe_may_fail_in_the_message_it_began() -> None:
    async with running() as simulator, client(simulator) as one:
        rule = {"match": {"command": "describe"}, "effect": {"notice": "moderated"}}
        rule["effect"]["form"] = "C"
        await one.sim("POST", "/rules", rule)

        told = await describe(one, png())

        assert told["embeds"][0]["title"] == "Image denied"
        assert (await one.sim("GET", "/wait?jobs=1&state=failed"))["jobs"] == 1


@pytest.mark.asyncio
async def test_niji_describes_with_its_own_command() -> None:
    async with running() as simulator, client(simulator) as one:
        file = await upload(one, png())

        await command(one, "describe", files={"image": file}, app=NIJI)

        told = await answered(one)
        assert told["author"]["id"] == NIJI
        assert "/1092683500743831652/" in told["embeds"][0]["image"]["url"]
