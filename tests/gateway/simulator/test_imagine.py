"""An imagine from the command to the picture."""

import io

import pytest
from PIL import Image

from tests.gateway.simulator.client import client, running


@pytest.mark.asyncio
async def test_imagine_runs_from_command_to_picture() -> None:
    async with running() as simulator, client(simulator) as one:
        status, _ = await one.imagine("a red fox --ar 2:1 --v 7")
        assert status == 204
        final = await one.final()
        await one.event("MESSAGE_DELETE")

        names = [frame["t"] for frame in one.events][2:]
        assert names[:3] == [
            "INTERACTION_CREATE",
            "MESSAGE_CREATE",
            "INTERACTION_SUCCESS",
        ]
        assert names[3:] == ["MESSAGE_UPDATE"] * 4 + [
            "MESSAGE_CREATE",
            "MESSAGE_DELETE",
        ]
        start = one.events[3]["d"]
        assert start["content"].endswith("(Waiting to start)")
        assert start["nonce"] == "1290000000000000001"
        assert "nonce" not in final
        assert final["content"] == (
            f"**a red fox --ar 2:1 --v 7.0** - <@{one.spec.user_id}> (fast)"
        )

        attachment = final["attachments"][0]
        async with one.http.get(attachment["url"]) as response:
            data = await response.read()
        assert len(data) == attachment["size"]
        with Image.open(io.BytesIO(data)) as image:
            assert image.format == "PNG"
            assert image.size == (attachment["width"], attachment["height"]) == (64, 32)


@pytest.mark.asyncio
async def test_previews_are_pictures_and_carry_the_job() -> None:
    async with running() as simulator, client(simulator) as one:
        await one.imagine("a red fox")
        update = await one.event("MESSAGE_UPDATE", lambda d: "(31%)" in d["content"])
        preview = update["attachments"][0]
        job = (await one.sim("GET", "/ledger?fields=jobs"))["jobs"][0]
        assert job["uuid"] in preview["filename"]
        async with one.http.get(preview["url"]) as response:
            data = await response.read()
        with Image.open(io.BytesIO(data)) as image:
            assert image.format == "WEBP"
            assert image.size == (preview["width"], preview["height"])
