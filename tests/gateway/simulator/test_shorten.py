"""Shorten: the analysis, its details and its buttons."""

from typing import Any

import pytest

from tests.gateway.simulator.client import Client, button, client, running
from tests.gateway.simulator.command_client import answered, command, jobs, text
from tests.gateway.simulator.window_client import field, opened, result, submit

Json = dict[str, Any]
PROMPT = "a red fox standing in very deep snow with a lot of details --v 7"


async def shorten(one: Client, prompt: str = PROMPT) -> Json:
    await command(one, "shorten", text("prompt", prompt))
    return await answered(one)


@pytest.mark.asyncio
async def test_a_prompt_is_analysed_and_shortened() -> None:
    async with running() as simulator, client(simulator) as one:
        told = await shorten(one)

        (job,) = await jobs(one)
        embed = told["embeds"][0]
        head, tail = embed["description"].split("\n\n")
        assert head.startswith("## Important tokens\n")
        assert "**" in head
        assert "~~" in head
        lines = [f"{n}️⃣ {job['texts'][n - 1]}" for n in range(1, 6)]
        assert tail.split("\n") == ["## Shortened prompts", *lines]
        assert embed["title"] == "Prompt Analysis"
        assert embed["footer"]["text"].startswith("Click on a button to imagine one")
        lengths = [len(prompt) for prompt in job["texts"]]
        assert lengths == sorted(lengths, reverse=True)
        assert (job["kind"], job["prompt"]) == ("shorten", PROMPT)
        assert "--v" not in "".join(job["texts"])


@pytest.mark.asyncio
async def test_details_edit_the_message_into_a_table() -> None:
    async with running() as simulator, client(simulator) as one:
        told = await shorten(one)
        await one.click(told, button(told, "Show Details"))

        table = await one.event(
            "MESSAGE_UPDATE",
            lambda d: bool(d["embeds"]) and d["embeds"] != told["embeds"],
        )

        assert table["id"] == told["id"]
        assert "```" in table["embeds"][0]["description"]
        assert table["embeds"][0]["footer"] == told["embeds"][0]["footer"]
        assert "name" not in table["interaction_metadata"]
        first, second = await jobs(one)
        assert (second["parent_job"], second["texts"]) == (
            first["uuid"],
            first["texts"],
        )


@pytest.mark.asyncio
async def test_a_number_opens_a_window_with_the_shorter_prompt() -> None:
    async with running() as simulator, client(simulator) as one:
        told = await shorten(one)
        (job,) = await jobs(one)

        window = await opened(one, told, "2️⃣")
        await submit(one, window, job["texts"][1])

        assert window["custom_id"] == f"MJ::ImagineModal::{told['id']}"
        assert field(window)["custom_id"] == "MJ::ImagineModal::new_prompt"
        assert field(window)["value"] == job["texts"][1]
        assert await result(one, job["texts"][1])


@pytest.mark.asyncio
async def test_one_word_has_one_button() -> None:
    async with running() as simulator, client(simulator) as one:
        told = await shorten(one, "fox")

        assert len(told["components"][0]["components"]) == 1


@pytest.mark.asyncio
async def test_nothing_cannot_be_shortened() -> None:
    async with running() as simulator, client(simulator) as one:
        await command(one, "shorten", text("prompt", " --v 7"))

        told = await one.event("MESSAGE_CREATE", lambda d: bool(d["embeds"]))

        assert told["embeds"][0]["title"] == "Empty prompt"
