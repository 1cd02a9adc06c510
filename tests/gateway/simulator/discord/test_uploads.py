"""Uploads and messages of the user."""

from typing import Any

import pytest

from tests.gateway.simulator.client import Client, client, running
from tests.gateway.simulator.command_client import (
    announce,
    bytes_of,
    command,
    png,
    put,
    upload,
)

Json = dict[str, Any]


async def place_for(one: Client, size: int, name: str = "a fox.png") -> Json:
    file = {"filename": name, "file_size": size, "id": "0"}
    status, body = await announce(one, file)
    assert status == 200
    place: Json = body["attachments"][0]
    return place


async def post(one: Client, *files: Json, **fields: Any) -> tuple[int, Json]:
    path = f"/channels/{one.spec.channel_id}/messages"
    return await one.call("POST", path, {"attachments": list(files), **fields})


@pytest.mark.asyncio
async def test_an_uploaded_picture_gets_a_link() -> None:
    async with running() as simulator, client(simulator) as one:
        data = png()
        place = await place_for(one, len(data))
        assert place["upload_filename"].endswith("/afox.png")
        assert await put(one, place["upload_url"], data) == 200

        key = {"id": "0", "uploaded_filename": place["upload_filename"]}
        _, message = await post(one, key, nonce="5")
        _, again = await post(one, key, nonce="5")

        assert (await one.event("MESSAGE_CREATE"))["nonce"] == "5"
        attachment = message["attachments"][0]
        assert (attachment["width"], attachment["height"]) == (8, 4)
        assert await bytes_of(one, attachment["url"]) == data
        assert again["id"] == message["id"]


@pytest.mark.asyncio
async def test_the_size_must_be_the_announced_one() -> None:
    async with running() as simulator, client(simulator) as one:
        place = await place_for(one, 5)
        headers = {"Authorization": one.spec.user_token}
        async with one.http.put(
            place["upload_url"], data=b"123", headers=headers
        ) as response:
            assert response.status == 400

        found = (await one.sim("GET", "/ledger?fields=violations"))["violations"]

        assert [v["kind"] for v in found] == ["authorization_sent"]


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ([], 400),
        ("fox.png", 400),
        ([{"filename": "a.png", "file_size": 1}] * 11, 400),
        ([{"filename": "a.png"}], 400),
        ([{"filename": "a.png", "file_size": 0}], 400),
        ([{"filename": "a.png", "file_size": "12"}], 400),
        ([{"filename": "a.png", "file_size": 1, "id": []}], 200),
        ([{"filename": "a.png", "file_size": (10 << 20) + 1}], 413),
    ],
)
@pytest.mark.asyncio
async def test_announcements_are_checked(files: Any, status: int) -> None:
    async with running() as simulator, client(simulator) as one:
        path = f"/channels/{one.spec.channel_id}/attachments"

        answer = await one.call("POST", path, {"files": files})

        assert answer[0] == status


@pytest.mark.asyncio
async def test_an_upload_works_once_and_all_or_none() -> None:
    async with running() as simulator, client(simulator) as one:
        first, second = await upload(one, png()), await upload(one, png("blue"))
        unheard = {"uploaded_filename": "x/y.png"}

        statuses = [
            (await post(one, *files))[0]
            for files in ([first, unheard], [first, first], [first, second], [second])
        ]

        assert statuses == [400, 400, 200, 400]


@pytest.mark.asyncio
async def test_an_upload_expires() -> None:
    async with running(knobs={"upload_ttl": 0}) as simulator, client(simulator) as one:
        data = png()
        late = await place_for(one, len(data))
        await one.sim("PATCH", "/knobs", {"upload_ttl": 60})
        timely = await place_for(one, len(data))

        statuses = [await put(one, p["upload_url"], data) for p in (late, timely)]

        assert statuses == [404, 200]


@pytest.mark.asyncio
async def test_an_upload_can_be_taken_back() -> None:
    async with running() as simulator, client(simulator) as one:
        file = await upload(one, png())
        path = f"/attachments/{file['uploaded_filename']}"

        status, _ = await one.call("DELETE", path)

        assert status == 204
        assert (await post(one, file))[1]["code"] == 50146


@pytest.mark.parametrize("status", [403, 500])
@pytest.mark.asyncio
async def test_the_bucket_may_refuse_by_rule(status: int) -> None:
    async with running() as simulator, client(simulator) as one:
        data = png()
        rule = {"match": {"route": "PUT /upload/*"}, "effect": {}, "times": 1}
        rule["effect"] = {"http": {"status": status, "body": "<Error/>"}}
        await one.sim("POST", "/rules", rule)
        place = await place_for(one, len(data))
        key = {"uploaded_filename": place["upload_filename"]}

        refused = await put(one, place["upload_url"], data)
        unused, _ = await command(one, "describe", files={"image": key})
        again = await put(one, place["upload_url"], data)

        assert (refused, unused, again) == (status, 400, 200)


@pytest.mark.parametrize("body", ["[]", "null", "{"])
@pytest.mark.asyncio
async def test_bodies_that_are_no_objects_are_refused(body: str) -> None:
    async with running() as simulator, client(simulator) as one:
        headers = {"Authorization": one.spec.user_token}
        base = f"{one.url}/api/v9"
        channel = f"{base}/channels/{one.spec.channel_id}"
        for url in (
            f"{channel}/attachments",
            f"{channel}/messages",
            f"{base}/attachments/refresh-urls",
            f"{base}/users/@me/channels",
            f"{base}/interactions",
        ):
            async with one.http.post(url, data=body, headers=headers) as response:
                assert response.status == 400
                assert (await response.json())["code"] == 50109
