"""Pictures that a user hands over: blend, and links in prompts."""

import asyncio
from typing import Any

import pytest

from gateway.simulator.base.constants import NIJI
from tests.gateway.simulator.client import Client, button, client, running
from tests.gateway.simulator.command_client import (
    bytes_of,
    command,
    jobs,
    png,
    sha256,
    text,
    upload,
)

Json = dict[str, Any]


async def files(one: Client, *pictures: bytes) -> dict[str, Json]:
    """Uploads for the options of a blend."""
    return {
        f"image{number}": await upload(one, data, f"{number}.png")
        for number, data in enumerate(pictures, 1)
    }


@pytest.mark.asyncio
async def test_a_blend_echoes_its_pictures_as_short_links() -> None:
    async with running() as simulator, client(simulator) as one:
        red, blue = png("red"), png("blue")

        status, _ = await command(
            one,
            "blend",
            text("dimensions", "--ar 3:2"),
            files=await files(one, red, blue),
        )

        final = await one.final()
        links = [word.strip("*<>") for word in final["content"].split()[:2]]
        (job,) = await jobs(one)
        assert status == 204
        assert final["content"].startswith("**<https://s.mj.run/")
        assert "> --ar 3:2** - <@" in final["content"]
        assert final["type"] == 0
        assert button(final, "V4")
        assert (job["kind"], job["ratio"]) == ("blend", 1.5)
        assert job["inputs"] == [sha256(red), sha256(blue)]
        shown = [
            await bytes_of(one, link.replace("https:/", one.url)) for link in links
        ]
        assert shown == [red, blue]


@pytest.mark.asyncio
async def test_two_blends_at_once_stay_apart() -> None:
    async with running() as simulator, client(simulator) as one:
        pairs = [(png("red"), png("blue")), (png("green"), png("white"))]
        given = [await files(one, *pair) for pair in pairs]

        await asyncio.gather(*(command(one, "blend", files=pair) for pair in given))
        await one.sim("GET", "/wait?jobs=2")

        found = await jobs(one)
        entries = (await one.sim("GET", "/ledger?fields=interactions"))["interactions"]
        by_nonce = {entry["nonce"]: entry["job"] for entry in entries}
        assert {tuple(job["inputs"]) for job in found} == {
            (sha256(first), sha256(second)) for first, second in pairs
        }
        assert len({job["picture_sha256"] for job in found}) == 2
        assert all(by_nonce[job["nonce"]] == job["uuid"] for job in found)


@pytest.mark.parametrize(
    ("pictures", "title"),
    [
        ((png(), png()), "Duplicate images detected"),
        ((png(), b"words"), "Invalid link"),
    ],
)
@pytest.mark.asyncio
async def test_what_cannot_be_blended_is_told_so(
    pictures: tuple[bytes, ...], title: str
) -> None:
    async with running() as simulator, client(simulator) as one:
        await command(one, "blend", files=await files(one, *pictures))

        event = "MESSAGE_UPDATE" if title == "Invalid link" else "MESSAGE_CREATE"
        told = await one.event(event, lambda d: bool(d["embeds"]))
        assert told["embeds"][0]["title"] == title
        assert await jobs(one) == []


@pytest.mark.asyncio
async def test_a_blend_wants_two_pictures_and_a_known_shape() -> None:
    async with running() as simulator, client(simulator) as one:
        status, body = await command(one, "blend", files=await files(one, png()))
        shape = text("dimensions", "--ar 9:1")
        await command(one, "blend", shape, files=await files(one, png(), png("blue")))

        told = await one.event("MESSAGE_CREATE", lambda d: bool(d["embeds"]))

        assert (status, body["code"]) == (400, 50035)
        assert told["embeds"][0]["title"] == "Invalid parameter"
        assert told["embeds"][0]["footer"]["text"].startswith("/blend")


@pytest.mark.asyncio
async def test_niji_blends_with_its_own_words_and_buttons() -> None:
    async with running() as simulator, client(simulator) as one:
        given = await files(one, png("red"), png("blue"))
        await command(one, "blend", files=given, app=NIJI)

        grid = await one.final()
        await one.interact(
            3,
            {"component_type": 2, "custom_id": button(grid, "U1")},
            application_id=NIJI,
            message_id=grid["id"],
            message_flags=0,
        )
        single = await one.final("Image #1")

        assert "--niji 6** - " in grid["content"]
        assert grid["author"]["id"] == single["author"]["id"] == NIJI
        assert "upsample_v6_2x_subtle" in button(single, "Upscale (Subtle)")


@pytest.mark.asyncio
async def test_a_picture_prompt_is_looked_at() -> None:
    async with running() as simulator, client(simulator) as one:
        await one.imagine("a red fox")
        url = (await one.final())["attachments"][0]["url"]
        await one.imagine(f"{url} at night https://example.invalid/a.png")
        final = await one.final("at night")

        first, second = await jobs(one)

        assert url not in final["content"]
        assert final["content"].count("<https://s.mj.run/") == 2
        assert second["inputs"] == [first["picture_sha256"]]


@pytest.mark.asyncio
async def test_an_expired_picture_prompt_is_an_invalid_link() -> None:
    knobs = {"link_ttl": -1, "link_enforce": True}
    async with running(knobs=knobs) as simulator, client(simulator) as one:
        await one.imagine("a red fox")
        url = (await one.final())["attachments"][0]["url"]
        await one.imagine(f"{url} at night")
        told = await one.event("MESSAGE_UPDATE", lambda d: bool(d["embeds"]))
        await one.sim("PATCH", "/knobs", {"link_ttl": 60})

        body = {"attachment_urls": [url]}
        _, fresh = await one.call("POST", "/attachments/refresh-urls", body)
        await one.imagine(f"{fresh['refreshed_urls'][0]['refreshed']} at dawn")

        assert told["embeds"][0]["title"] == "Invalid link"
        assert await one.final("at dawn")


@pytest.mark.asyncio
async def test_buttons_pressed_at_one_moment_give_pictures_of_their_own() -> None:
    options = {"concurrency": 12}
    async with running(knobs=options) as simulator, client(simulator) as one:
        await one.imagine("a red fox")
        grid = await one.final()
        labels = ("U1", "U2", "U1", "V1", "V2", "🔄")

        await asyncio.gather(*(one.click(grid, button(grid, name)) for name in labels))
        await one.sim("GET", "/wait?jobs=7")

        parent, *found = await jobs(one)
        assert {job["echoed_prompt"] for job in found} == {parent["echoed_prompt"]}
        assert {job["parent_job"] for job in found} == {parent["uuid"]}
        assert len({job["picture_sha256"] for job in found}) == 6
        assert sorted((job["kind"], job["index"]) for job in found) == [
            ("reroll", 1),
            ("upscale", 1),
            ("upscale", 1),
            ("upscale", 2),
            ("variation", 1),
            ("variation", 2),
        ]
