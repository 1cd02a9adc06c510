"""Channels as Discord shows them, their guests, and what marks them as read."""

import pytest

from tests.gateway.simulator.client import client, running


@pytest.mark.asyncio
async def test_a_channel_names_its_server() -> None:
    async with running() as simulator, client(simulator) as one:
        status, body = await one.call("GET", f"/channels/{one.spec.channel_id}")
        assert status == 200
        assert body["guild_id"] == one.spec.guild_id
        status, body = await one.call("GET", f"/channels/{one.spec.mj_dm_channel_id}")
        assert (status, body["type"]) == (200, 1)
        assert "guild_id" not in body
        assert (await one.call("GET", "/channels/1999000000000000001"))[0] == 404


@pytest.mark.asyncio
async def test_a_guest_comes_in_and_a_stranger_does_not() -> None:
    async with (
        running(accounts=2) as simulator,
        client(simulator) as one,
        client(simulator, 2) as two,
    ):
        path = f"/channels/{one.spec.channel_id}"
        assert (await two.call("GET", path))[0] == 403
        wish = {"channel_id": one.spec.channel_id, "guests": ["account-2"]}
        await one.sim("POST", "/channels", {"account": "account-1", **wish})
        assert (await two.call("GET", path))[0] == 200
        await one.imagine("a red fox")
        mine = await one.event("MESSAGE_CREATE")
        assert (await two.event("MESSAGE_CREATE"))["id"] == mine["id"]


@pytest.mark.asyncio
async def test_an_unknown_guest_is_refused() -> None:
    async with running() as simulator, client(simulator) as one:
        with pytest.raises(AssertionError, match="no such account"):
            await one.sim("POST", "/channels", {"guests": ["nobody"]})


@pytest.mark.asyncio
async def test_an_acknowledgement_is_told_to_oneself_and_in_the_ledger() -> None:
    async with running() as simulator, client(simulator) as one:
        await one.imagine("a red fox")
        message = await one.event("MESSAGE_CREATE")
        path = f"/channels/{one.spec.channel_id}/messages/{message['id']}/ack"
        wish = {"token": None, "last_viewed": 3496}
        status, body = await one.call("POST", path, wish)
        assert (status, body) == (200, {"token": None})
        event = await one.event("MESSAGE_ACK")
        assert event["message_id"] == message["id"]
        (ack,) = (await one.sim("GET", "/ledger?fields=acks"))["acks"]
        assert ack["account"] == one.spec.name
        assert ack["channel_id"] == one.spec.channel_id
        assert (ack["message_id"], ack["last_viewed"]) == (message["id"], 3496)


@pytest.mark.asyncio
async def test_what_is_no_acknowledgement_is_refused() -> None:
    async with running() as simulator, client(simulator) as one:
        path = f"/channels/{one.spec.channel_id}/messages"
        wish = {"token": None, "last_viewed": 1}
        assert (await one.call("POST", f"{path}/7/ack", wish))[0] == 404
        await one.imagine("a red fox")
        message = await one.event("MESSAGE_CREATE")
        status, _ = await one.call("POST", f"{path}/{message['id']}/ack", {})
        assert status == 400
        assert (await one.sim("GET", "/ledger?fields=acks"))["acks"] == []
