"""Uploads and messages of the user."""

import io
from typing import Any

import pytest
from PIL import Image

from tests.gateway.simulator.client import Client, client, running

Json = dict[str, Any]


def _png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 4)).save(out, "PNG")
    return out.getvalue()


async def announce(one: Client, size: int) -> Json:
    path = f"/channels/{one.spec.channel_id}/attachments"
    files = [{"filename": "a fox.png", "file_size": size, "id": "0"}]
    status, body = await one.call("POST", path, {"files": files})
    assert status == 200
    place: Json = body["attachments"][0]
    return place


@pytest.mark.asyncio
async def test_an_uploaded_picture_gets_a_link() -> None:
    async with running() as simulator, client(simulator) as one:
        data = _png()
        place = await announce(one, len(data))
        assert place["upload_filename"].endswith("/afox.png")
        async with one.http.put(place["upload_url"], data=data) as response:
            assert response.status == 200
        key = {"id": "0", "filename": "afox.png"}
        key["uploaded_filename"] = place["upload_filename"]
        body = {"content": "", "nonce": "5", "attachments": [key]}
        path = f"/channels/{one.spec.channel_id}/messages"
        _, message = await one.call("POST", path, body)
        assert (await one.event("MESSAGE_CREATE"))["nonce"] == "5"
        attachment = message["attachments"][0]
        assert (attachment["width"], attachment["height"]) == (8, 4)
        async with one.http.get(attachment["url"]) as response:
            assert await response.read() == data
        assert (await one.call("POST", path, body))[1]["id"] == message["id"]


@pytest.mark.asyncio
async def test_the_size_must_be_the_announced_one() -> None:
    async with running() as simulator, client(simulator) as one:
        place = await announce(one, 5)
        headers = {"Authorization": one.spec.user_token}
        async with one.http.put(
            place["upload_url"], data=b"123", headers=headers
        ) as response:
            assert response.status == 400
        found = (await one.sim("GET", "/ledger?fields=violations"))["violations"]
        assert [v["kind"] for v in found] == ["authorization_sent"]
