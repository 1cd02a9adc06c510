"""Sockets: identify, resume, refusals, deaths."""

import asyncio

import aiohttp
import pytest

from gateway.simulator.state.accounts import default_accounts
from tests.gateway.simulator.client import Client, client, running


@pytest.mark.asyncio
async def test_ready_says_what_a_client_needs() -> None:
    async with running() as simulator, client(simulator) as one:
        assert one.ready["user"]["id"] == one.spec.user_id
        assert one.ready["resume_gateway_url"].endswith("/gateway-resume")
        assert one.ready["guilds"][0]["id"] == one.spec.guild_id
        dms = {c["id"] for c in one.ready["private_channels"]}
        assert dms == {one.spec.mj_dm_channel_id, one.spec.niji_dm_channel_id}
        supplemental = await one.event("READY_SUPPLEMENTAL")
        assert "merged_presences" in supplemental


@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.asyncio
async def test_resume_replays_all_that_was_missed(compress: bool) -> None:
    knobs = {"split_frames": 3}
    async with running(knobs=knobs) as simulator, client(simulator) as one:
        await one.imagine("a red fox")
        await one.event("MESSAGE_CREATE")
        await one.disconnect()
        await one.sim("GET", "/wait?jobs=1")
        await one.connect(path="/gateway-resume", resume=True, compress=compress)
        await one.event("RESUMED")
        await one.event("MESSAGE_DELETE")
        numbers = [frame["s"] for frame in one.events]
        assert numbers == list(range(1, len(numbers) + 1))
        assert await one.final()


@pytest.mark.parametrize("knob", [{"refuse_resume": True}, {"resume_buffer": 0}])
@pytest.mark.asyncio
async def test_a_refused_resume_leaves_history(knob: dict[str, int]) -> None:
    async with running(knobs=knob) as simulator, client(simulator) as one:
        await one.imagine("a red fox")
        await one.event("MESSAGE_CREATE")
        await one.disconnect()
        await one.sim("GET", "/wait?jobs=1")
        await one.connect(path="/gateway-resume", resume=True)
        refusal = await one.frame(lambda frame: frame["op"] == 9)
        assert refusal["d"] is False
        path = f"/channels/{one.spec.channel_id}/messages?limit=10"
        _, messages = await one.call("GET", path)
        assert messages[0]["attachments"]
        assert "nonce" not in messages[0]


@pytest.mark.asyncio
async def test_a_clean_close_ends_the_session() -> None:
    async with running() as simulator, client(simulator) as one:
        await one.disconnect(code=1000)
        await one.connect(path="/gateway-resume", resume=True)
        assert (await one.frame(lambda frame: frame["op"] == 9))["d"] is False


@pytest.mark.asyncio
async def test_reconnect_and_invalid_session_are_told() -> None:
    async with running() as simulator, client(simulator) as one:
        await one.sim("POST", "/gateway/reconnect", {})
        await one.frame(lambda frame: frame["op"] == 7)
        body = {"resumable": True, "account": one.spec.name}
        await one.sim("POST", "/gateway/invalid_session", body)
        assert (await one.frame(lambda frame: frame["op"] == 9))["d"] is True


@pytest.mark.asyncio
async def test_a_dropped_socket_can_be_refused_for_a_while() -> None:
    async with running() as simulator, client(simulator) as one:
        await one.sim("POST", "/gateway/drop", {"seconds": 60})
        await one.gone()
        with pytest.raises(aiohttp.ClientError):
            await one.connect()
        await one.sim("POST", "/gateway/drop", {"seconds": 0})
        await one.connect(path="/gateway-resume", resume=True)
        await one.event("RESUMED")


@pytest.mark.asyncio
async def test_a_paused_session_gets_no_acknowledgement() -> None:
    async with running() as simulator, client(simulator) as one:
        await one.send(1, one.seq)
        await one.frame(lambda frame: frame["op"] == 11)
        await one.sim("POST", "/gateway/pause", {})
        one.frames.clear()
        await one.send(1, one.seq)
        await one.sim("POST", "/gateway/resume", {})
        await one.send(1, one.seq)
        await one.frame(lambda frame: frame["op"] == 11)
        assert sum(frame["op"] == 11 for frame in one.frames) == 1


@pytest.mark.asyncio
async def test_a_silent_client_is_closed() -> None:
    knobs = {"heartbeat_interval": 0.05}
    async with running(knobs=knobs) as simulator, client(simulator) as one:
        assert await one.gone() == 4009


@pytest.mark.asyncio
async def test_a_revoked_token_is_dead_everywhere() -> None:
    async with running() as simulator, client(simulator) as one:
        await one.sim("POST", "/accounts", {"revoke": one.spec.user_token})
        assert await one.gone() == 4004
        status, body = await one.imagine("a red fox")
        assert (status, body["code"]) == (401, 0)
        await one.call("GET", "/users/@me")
        found = (await one.sim("GET", "/ledger?fields=violations"))["violations"]
        assert [v["kind"] for v in found] == ["retry_after_refusal"]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("not json", 4002),
        ('{"op": 99}', 4001),
        ('{"op": 4, "d": {}}', 4003),
        ('{"op": 2, "d": {"token": "nobody"}}', 4004),
    ],
)
@pytest.mark.asyncio
async def test_mistakes_close_the_socket(frame: str, code: int) -> None:
    async with (
        running() as simulator,
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{simulator.url}/gateway") as ws,
    ):
        assert (await ws.receive_json())["op"] == 10
        await ws.send_str(frame)
        await ws.receive()
        assert ws.close_code == code


@pytest.mark.asyncio
async def test_private_events_reach_only_the_session_of_the_request() -> None:
    async with running() as simulator, client(simulator) as one:
        other = Client(one.url, one.http, one.spec)
        await other.connect()
        await one.imagine("a red fox")
        await asyncio.gather(one.final(), other.final())
        names = {frame["t"] for frame in other.events}
        assert "INTERACTION_CREATE" not in names
        assert "INTERACTION_CREATE" in {frame["t"] for frame in one.events}


@pytest.mark.asyncio
async def test_nobody_sees_the_nonce_of_another() -> None:
    async with running() as simulator, client(simulator) as one:
        place = {"guild_id": one.spec.guild_id, "channel_id": one.spec.channel_id}
        await one.sim("POST", "/accounts", {"name": "guest", "number": 50, **place})
        guest = simulator.core.world.find_account("guest")
        assert guest is not None
        other = Client(one.url, one.http, guest.spec)
        await other.connect()
        await one.imagine("a red fox")
        theirs = await other.event("MESSAGE_CREATE")
        mine = await one.event("MESSAGE_CREATE")
        assert theirs["id"] == mine["id"]
        assert "nonce" in mine
        assert "nonce" not in theirs


@pytest.mark.asyncio
async def test_a_reset_in_the_middle_of_a_frame_loses_nothing() -> None:
    async with running() as simulator, client(simulator) as one:
        await one.imagine("a red fox")
        await one.event("MESSAGE_CREATE")
        await one.sim("POST", "/gateway/drop", {"mid_frame": True})
        await one.gone()
        await one.connect(path="/gateway-resume", resume=True)
        await one.final()
        numbers = [frame["s"] for frame in one.events]
        assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.asyncio
async def test_who_speaks_before_hello_is_noted() -> None:
    knobs = {"hello_delay": 60}
    async with running(knobs=knobs) as simulator, aiohttp.ClientSession() as http:
        token = default_accounts(1)[0].user_token
        async with http.ws_connect(f"{simulator.url}/gateway") as ws:
            await ws.send_json({"op": 2, "d": {"token": token}})
            assert (await ws.receive_json())["t"] == "READY"
        kinds = [violation["kind"] for violation in simulator.core.ledger.violations]
        assert kinds == ["identify_before_hello"]


@pytest.mark.asyncio
async def test_haste_is_noted() -> None:
    knobs = {"identify_gap": 5, "storm_limit": 2}
    async with running(knobs=knobs) as simulator, client(simulator) as one:
        for _ in range(2):
            await one.disconnect(code=1000)
            await one.connect()
        found = (await one.sim("GET", "/ledger?fields=violations"))["violations"]
        kinds = {violation["kind"] for violation in found}
        assert kinds == {"identify_too_often", "reconnect_storm"}


@pytest.mark.asyncio
async def test_every_event_twice_even_after_a_resume() -> None:
    knobs = {"replay_twice": True, "ready_padding": 200_000}
    async with running(knobs=knobs) as simulator, client(simulator) as one:
        rule = {"match": {"event": "*"}, "effect": {"duplicate": 2, "same_s": True}}
        await one.sim("POST", "/rules", rule)
        await one.imagine("a red fox")
        await one.event("MESSAGE_CREATE")
        await one.disconnect()
        await one.sim("GET", "/wait?jobs=1")
        await one.connect(path="/gateway-resume", resume=True)
        await one.event("RESUMED")
        finals = [
            frame["s"]
            for frame in one.events
            if frame["t"] == "MESSAGE_CREATE" and frame["d"]["attachments"]
        ]
        assert len(finals) == 4
        assert len(set(finals)) == 1


@pytest.mark.asyncio
async def test_clients_may_send_binary_frames() -> None:
    async with running() as simulator, client(simulator) as one:
        assert one._ws is not None
        one.frames.clear()
        await one._ws.send_bytes(b'{"op": 1, "d": null}')
        await one.frame(lambda frame: frame["op"] == 11)
