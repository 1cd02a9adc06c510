"""Buttons: upscale, variation, reroll and their relatives; cancel."""

import io
from typing import Any

import aiohttp
import pytest
from PIL import Image, ImageChops

from tests.gateway.simulator.client import Client, button, client, running

Json = dict[str, Any]


async def picture(one: Client, message: Json) -> Image.Image:
    async with one.http.get(message["attachments"][0]["url"]) as response:
        data = await response.read()
    image = Image.open(io.BytesIO(data))
    image.load()
    return image.convert("RGB")


async def grid(one: Client, prompt: str = "a red fox") -> Json:
    await one.imagine(prompt)
    return await one.final()


@pytest.mark.asyncio
async def test_u2_shows_the_second_tile_of_its_grid() -> None:
    async with running(picture_size=256) as simulator, client(simulator) as one:
        parent = await grid(one)
        status, _ = await one.click(parent, button(parent, "U2"))
        single = await one.final("Image #2")
        pressed = await one.event("MESSAGE_UPDATE", lambda d: d["id"] == parent["id"])

        assert status == 204
        assert single["type"] == 19
        assert single["message_reference"]["message_id"] == parent["id"]
        assert single["content"].endswith(f"- Image #2 <@{one.spec.user_id}>")
        assert pressed["components"][0]["components"][1]["style"] == 1
        whole, tile = await picture(one, parent), await picture(one, single)
        assert tile.size == (128, 128)
        difference = ImageChops.difference(whole.crop((128, 0, 256, 128)), tile)
        same = difference.convert("L").histogram()[0]
        assert same > 128 * 128 * 0.98


@pytest.mark.parametrize(
    ("label", "text", "verb"),
    [("V1", "Variations by", "Variations by"), ("🔄", "(fast)", "")],
)
@pytest.mark.asyncio
async def test_a_grid_button_makes_a_new_grid(label: str, text: str, verb: str) -> None:
    async with running() as simulator, client(simulator) as one:
        parent = await grid(one)
        await one.click(parent, button(parent, label))
        final = await one.event(
            "MESSAGE_CREATE",
            lambda d: bool(d["attachments"]) and d["id"] != parent["id"],
        )
        assert verb in final["content"]
        assert text in final["content"]
        assert final["message_reference"]["message_id"] == parent["id"]
        assert button(final, "U1") != button(parent, "U1")
        jobs = (await one.sim("GET", "/ledger?fields=jobs"))["jobs"]
        assert jobs[1]["parent_job"] == jobs[0]["uuid"]
        assert jobs[0]["picture_sha256"] != jobs[1]["picture_sha256"]


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("Upscale (Subtle)", "Upscaled (Subtle) by"),
        ("Vary (Strong)", "Variations (Strong) by"),
        ("Zoom Out 2x", "Zoom Out by"),
        ("⬅️", "Pan Left by"),
    ],
)
@pytest.mark.asyncio
async def test_a_single_picture_has_its_own_buttons(label: str, text: str) -> None:
    async with running() as simulator, client(simulator) as one:
        parent = await grid(one)
        await one.click(parent, button(parent, "U3"))
        single = await one.final("Image #3")
        await one.click(single, button(single, label))
        assert await one.final(text)


@pytest.mark.parametrize(
    ("version", "name", "label"),
    [
        ("--v 5.2", "upsample_v5_2x", "Upscale (2x)"),
        ("--v 6", "upsample_v6_2x_subtle", "Upscale (Subtle)"),
        ("--v 6.1", "upsample_v6r1_2x_subtle", "Upscale (Subtle)"),
        ("--v 7", "upsample_v7_2x_subtle", "Upscale (Subtle)"),
        ("--niji 6", "upsample_v6_2x_subtle", "Upscale (Subtle)"),
    ],
)
@pytest.mark.asyncio
async def test_the_version_in_the_prompt_decides_over_the_upscales(
    version: str, name: str, label: str
) -> None:
    async with running() as simulator, client(simulator) as one:
        parent = await grid(one, f"a red fox {version}")
        await one.click(parent, button(parent, "U1"))

        single = await one.final("Image #1")

        assert f"::{name}::" in button(single, label)


@pytest.mark.parametrize("way", ["button", "command", "reaction"])
@pytest.mark.asyncio
async def test_a_running_job_can_be_cancelled(way: str) -> None:
    async with running() as simulator, client(simulator) as one:
        rule = {"match": {"command": "imagine"}, "effect": {"hang_at": 31}, "times": 1}
        await one.sim("POST", "/rules", rule)
        await one.imagine("a red fox")
        shown = await one.event("MESSAGE_UPDATE", lambda d: "(31%)" in d["content"])
        if way == "button":
            await one.click(shown, button(shown, "Cancel Job"))
        elif way == "command":
            data = {"id": "987795925764280352", "version": "1237876415790055477"}
            target = {"name": "Cancel Job", "type": 3, "target_id": shown["id"]}
            await one.interact(2, {**data, **target})
        else:
            place = f"/channels/{one.spec.channel_id}/messages/{shown['id']}"
            status, _ = await one.call("PUT", f"{place}/reactions/%E2%9D%8C/%40me")
            assert status == 204
        if way == "reaction":
            await one.event("MESSAGE_DELETE", lambda d: d["id"] == shown["id"])
        else:
            await one.event("MESSAGE_UPDATE", lambda d: "(Stopped)" in d["content"])
        counts = await one.sim("GET", "/wait?jobs=1&state=stopped")
        assert counts["jobs"] == 1


@pytest.mark.asyncio
async def test_a_component_that_is_not_there_is_refused_and_noted() -> None:
    async with running() as simulator, client(simulator) as one:
        parent = await grid(one)
        status, body = await one.click(parent, "MJ::JOB::upsample::1::nowhere")
        assert (status, body["code"]) == (400, 50035)
        status, body = await one.click({**parent, "id": "1"}, button(parent, "U1"))
        assert (status, body["code"]) == (404, 10008)
        found = (await one.sim("GET", "/ledger?fields=violations"))["violations"]
        assert [v["kind"] for v in found] == ["click_on_unknown_component"]


@pytest.mark.asyncio
async def test_slots_queue_and_refusal() -> None:
    options = {"concurrency": 1, "queue_size": 1}
    async with running(knobs=options) as simulator, client(simulator) as one:
        rule = {"match": {"command": "imagine", "nth": 1}, "effect": {"finish_at": 31}}
        await one.sim("POST", "/rules", rule)
        for prompt in ("one", "two", "three"):
            await one.imagine(prompt)
        queued = await one.event("MESSAGE_CREATE", lambda d: bool(d["embeds"]))
        assert queued["embeds"][0]["title"] == "Job queued"
        refused = await one.event(
            "MESSAGE_CREATE",
            lambda d: bool(d["embeds"]) and d["embeds"][0]["title"] == "Queue full",
        )
        assert refused["nonce"] == "1290000000000000003"
        await one.sim("GET", "/wait?jobs=1&state=hung")
        await one.sim("POST", "/release", {})
        start = await one.event("MESSAGE_CREATE", lambda d: "two** - " in d["content"])
        assert "nonce" not in start
        assert (await one.sim("GET", "/wait?jobs=2"))["jobs"] == 2


@pytest.mark.asyncio
async def test_a_token_never_reaches_the_cdn() -> None:
    async with running() as simulator, client(simulator) as one:
        message = await grid(one)
        url = message["attachments"][0]["url"]
        headers = {"Authorization": one.spec.user_token}
        async with aiohttp.ClientSession() as http:
            await (await http.get(url, headers=headers)).read()
        found = (await one.sim("GET", "/ledger?fields=violations"))["violations"]
        assert [v["kind"] for v in found] == ["authorization_sent"]


@pytest.mark.asyncio
async def test_make_square_ends_at_equal_sides() -> None:
    async with running() as simulator, client(simulator) as one:
        parent = await grid(one, "a red fox --ar 3:2 --v 7")
        await one.click(parent, button(parent, "U1"))
        single = await one.final("Image #1")
        await one.click(single, button(single, "Make Square"))
        final = await one.final("Zoom Out by")

        picture = final["attachments"][0]
        assert picture["width"] == picture["height"]
        assert final["content"].startswith("**a red fox --v 7.0 --ar 1:1** - Zoom Out")


@pytest.mark.asyncio
async def test_a_square_picture_cannot_be_made_square() -> None:
    async with running() as simulator, client(simulator) as one:
        parent = await grid(one)
        await one.click(parent, button(parent, "U1"))
        single = await one.final("Image #1")

        with pytest.raises(AssertionError):
            button(single, "Make Square")


@pytest.mark.asyncio
async def test_an_upscale_can_be_redone() -> None:
    async with running() as simulator, client(simulator) as one:
        parent = await grid(one)
        await one.click(parent, button(parent, "U1"))
        single = await one.final("Image #1")
        await one.click(single, button(single, "Upscale (Subtle)"))
        large = await one.final("Upscaled (Subtle) by")
        await one.click(large, button(large, "Redo Upscale (Creative)"))

        assert await one.final("Upscaled (Creative) by")


@pytest.mark.asyncio
async def test_a_bookmark_changes_its_button_only() -> None:
    async with running() as simulator, client(simulator) as one:
        parent = await grid(one)
        await one.click(parent, button(parent, "U1"))
        single = await one.final("Image #1")
        heart = button(single, "❤️")
        await one.click(single, heart)
        changed = await one.event("MESSAGE_UPDATE", lambda d: d["id"] == single["id"])
        nonce = one.last_nonce
        await one.event("INTERACTION_SUCCESS", lambda d: d["nonce"] == nonce)

        (pressed,) = [
            item
            for row in changed["components"]
            for item in row["components"]
            if item.get("custom_id") == heart
        ]
        assert pressed["style"] == 1
        ledger = await one.sim("GET", "/ledger?fields=jobs,interactions")
        assert [job["bookmarked"] for job in ledger["jobs"]] == [False, True]
        assert ledger["interactions"][-1]["custom_id"] == heart
