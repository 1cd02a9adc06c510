"""Clips: by prompt, animated, selected, extended."""

import io
from typing import Any

import pytest
from PIL import Image

from tests.gateway.simulator.client import Client, button, client, running
from tests.gateway.simulator.command_client import bytes_of, jobs, png, sha256, upload
from tests.gateway.simulator.window_client import field, opened, result, single, submit

Json = dict[str, Any]


async def animated(one: Client, motion: str = "High") -> tuple[Json, Json]:
    """A single picture and the clips made of it."""
    picture = await single(one, "a red fox --ar 3:2 --v 7")
    await one.click(picture, button(picture, f"Animate ({motion} motion)"))
    return picture, await one.final("--video 1")


@pytest.mark.parametrize(
    ("form", "head", "kind"),
    [("webp", b"RIFF", "image/webp"), ("mp4", b"ftyp", "video/mp4")],
)
@pytest.mark.asyncio
async def test_animate_makes_four_clips(form: str, head: bytes, kind: str) -> None:
    async with (
        running(knobs={"video_form": form}) as simulator,
        client(simulator) as one,
    ):
        picture, clips = await animated(one)

        content = clips["content"]
        assert content.startswith("**<https://s.mj.run/")
        assert "> a red fox --motion high --video 1 --aspect 3:2** - <@" in content
        assert clips["message_reference"]["message_id"] == picture["id"]
        attachment = clips["attachments"][0]
        data = await bytes_of(one, attachment["url"])
        assert attachment["content_type"] == kind
        assert attachment["size"] == len(data)
        assert head in data[:12]
        job = (await jobs(one))[-1]
        assert job["uuid"] in attachment["filename"]
        assert (job["kind"], job["picture_sha256"]) == ("animate", sha256(data))
        labels = [b.get("label") for b in clips["components"][0]["components"]]
        assert labels == ["U1", "U2", "U3", "U4", None]


@pytest.mark.asyncio
async def test_an_animated_webp_moves() -> None:
    async with running(picture_size=256) as simulator, client(simulator) as one:
        _, clips = await animated(one)

        data = await bytes_of(one, clips["attachments"][0]["url"])

        with Image.open(io.BytesIO(data)) as image:
            assert (image.format, getattr(image, "n_frames", 1)) == ("WEBP", 4)
            assert image.size == (256, 170)


@pytest.mark.asyncio
async def test_words_come_before_and_after_the_percentages() -> None:
    async with running() as simulator, client(simulator) as one:
        _, clips = await animated(one)
        job = (await jobs(one))[-1]

        said = [
            frame["d"]["content"]
            for frame in one.events
            if frame["t"] == "MESSAGE_UPDATE"
            and frame["d"]["id"] == job["progress_message_id"]
        ]
        assert (said[0], said[-1]) == ("Animating...", "Displaying...")
        assert "(31%)" in said[2]
        assert clips["attachments"]


@pytest.mark.parametrize("clip_uuid", ["own", "parent"])
@pytest.mark.asyncio
async def test_one_clip_can_be_selected_and_extended(clip_uuid: str) -> None:
    knobs = {"clip_uuid": clip_uuid}
    async with running(knobs=knobs) as simulator, client(simulator) as one:
        _, clips = await animated(one)
        await one.click(clips, button(clips, "U3"))
        clip = await one.final("Image #3")
        await one.click(clip, button(clip, "Extend (Low motion)"))
        longer = await result(one, "--motion low", clips, clip)

        *_, film, chosen, extended = await jobs(one)
        shown = chosen if clip_uuid == "own" else film
        attachment = clip["attachments"][0]
        assert attachment["filename"] == f"{shown['uuid']}_2.mp4"
        assert attachment["content_type"] == "video/mp4"
        assert (
            sha256(await bytes_of(one, attachment["url"])) == chosen["picture_sha256"]
        )
        assert (
            f"_extend::3::{shown['uuid']}"
            in clip["components"][0]["components"][0]["custom_id"]
        )
        assert extended["parent_job"] == shown["uuid"]
        assert extended["seconds"] > film["seconds"]
        assert button(longer, "U4")
        hashes = {job["picture_sha256"] for job in (film, chosen, extended)}
        assert len(hashes) == 3


@pytest.mark.asyncio
async def test_equal_presses_give_clips_that_differ() -> None:
    async with running() as simulator, client(simulator) as one:
        _, clips = await animated(one)
        for label in ("U1", "U1", "U2", "🔄"):
            await one.click(clips, button(clips, label))
        await one.sim("GET", "/wait?jobs=7")

        found = (await jobs(one))[2:]

        assert len({job["picture_sha256"] for job in found}) == 5
        assert found[-1]["kind"] in ("clip", "video_reroll")


@pytest.mark.asyncio
async def test_a_prompt_may_ask_for_clips() -> None:
    async with running() as simulator, client(simulator) as one:
        data = png()
        file = await upload(one, data)
        path = f"/channels/{one.spec.channel_id}/messages"
        body = {"content": "", "attachments": [{"id": "0", **file}]}
        _, message = await one.call("POST", path, body)
        url = message["attachments"][0]["url"]

        await one.imagine(f"{url} the fox turns its head --video 1")

        final = await one.final("--video 1")
        (job,) = await jobs(one)
        assert "video_virtual_upscale::1" in button(final, "U1")
        assert (job["kind"], job["inputs"]) == ("video", [sha256(data)])


@pytest.mark.asyncio
async def test_clips_need_a_picture_to_begin_with() -> None:
    async with running() as simulator, client(simulator) as one:
        await one.imagine("the fox turns its head --video 1")

        told = await one.event("MESSAGE_CREATE", lambda d: bool(d["embeds"]))

        assert told["embeds"][0]["title"] == "Invalid request"


@pytest.mark.asyncio
async def test_with_remix_on_animate_and_extend_open_windows() -> None:
    async with running() as simulator, client(simulator) as one:
        picture = await single(one)
        await one.sim("PATCH", "/knobs", {"remix": True})

        first = await opened(one, picture, "Animate (Low motion)")
        await submit(one, first, "the fox jumps")
        clips = await one.final("the fox jumps --motion low --video 1")
        await one.click(clips, button(clips, "U1"))
        clip = await one.final("Image #1")
        second = await opened(one, clip, "Extend (High motion)")
        await submit(one, second, "and lands")
        longer = await result(one, "and lands --motion high --video 1")

        _, shown, _, chosen, _ = await jobs(one)
        assert first["custom_id"] == f"MJ::AnimateModal::{shown['uuid']}::1::low::0"
        assert second["custom_id"] == f"MJ::AnimateModal::{chosen['uuid']}::1::high::1"
        assert field(first)["custom_id"] == "MJ::AnimateModal::prompt"
        assert field(first)["value"] == "a red fox"
        assert longer["content"].startswith("**<https://s.mj.run/")
