"""Accounts, history, the command index, the ledger and the state file."""

import asyncio
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.simulator.base.constants import MIDJOURNEY
from gateway.simulator.base.ids import Ids
from gateway.simulator.state.accounts import default_accounts
from tests.gateway.simulator.client import IMAGINE, Client, button, client, running

Json = dict[str, Any]


def test_default_accounts_are_distinct_and_stable() -> None:
    specs = default_accounts(5)
    assert specs[:3] == default_accounts(3)
    ids = {spec.user_id for spec in specs} | {spec.channel_id for spec in specs}
    assert len(ids) == 10
    assert all(spec.user_token.count(".") == 2 for spec in specs)


def test_ids_rise_and_follow_the_seed() -> None:
    one, two, other = Ids(1), Ids(1), Ids(1, run=1)
    ids = [int(one.snowflake()) for _ in range(10_000)]
    assert ids == sorted(set(ids))
    assert int(two.snowflake()) == ids[0]
    assert one.uuid() == two.uuid() != other.uuid()


@pytest.mark.asyncio
async def test_a_stale_version_is_refused_until_the_index_is_read_again() -> None:
    async with running() as simulator, client(simulator) as one:
        await one.sim("POST", "/commands", {"names": ["imagine"]})
        status, body = await one.imagine("a red fox")
        assert (status, body["code"]) == (400, 50035)
        path = f"/guilds/{one.spec.guild_id}/application-command-index"
        _, index = await one.call("GET", path)
        version = next(
            entry["version"]
            for entry in index["application_commands"]
            if entry["name"] == "imagine" and entry["application_id"].startswith("936")
        )
        assert (await one.imagine("a red fox", version=version))[0] == 204


@pytest.mark.asyncio
async def test_history_pages() -> None:
    async with running() as simulator, client(simulator) as one:
        for number in range(4):
            await one.imagine(f"fox {number}")
        await one.sim("GET", "/wait?jobs=4")
        path = f"/channels/{one.spec.channel_id}/messages"

        async def ids(query: str) -> list[str]:
            _, messages = await one.call("GET", f"{path}?{query}")
            return [message["id"] for message in messages]

        jobs = (await one.sim("GET", "/ledger?fields=jobs"))["jobs"]
        every = sorted((job["message_id"] for job in jobs), key=int, reverse=True)
        assert [i for i in await ids("limit=100") if i in every] == every
        assert (await ids(f"limit=1&before={every[1]}"))[0] == every[2]
        assert every[0] in await ids(f"limit=5&after={every[1]}")
        assert await ids(f"limit=1&around={every[2]}") == [every[2]]


@pytest.mark.asyncio
async def test_single_messages_are_for_bots_and_data_tells_the_prompt() -> None:
    async with running() as simulator, client(simulator) as one:
        await one.imagine("a red fox --v 7")
        final = await one.final()
        path = f"/channels/{one.spec.channel_id}/messages/{final['id']}"
        assert (await one.call("GET", path))[0] == 403
        _, data = await one.call("GET", f"{path}/interaction-data")
        assert data["options"][0]["value"] == "a red fox --v 7"


@pytest.mark.asyncio
async def test_info_and_settings_answer_in_private() -> None:
    async with running() as simulator, client(simulator) as one:
        data = {"id": "972289487818334209", "version": "1237876415735660565"}
        await one.interact(2, {**data, "name": "info", "type": 1, "options": []})
        told = await one.event("MESSAGE_UPDATE", lambda d: bool(d["embeds"]))
        assert told["embeds"][0]["title"].startswith("Your info")
        assert told["flags"] == 64
        data = {"id": "1000850743479255081", "version": "1237876415790055475"}
        await one.interact(2, {**data, "name": "settings", "type": 1, "options": []})
        panel = await one.event("MESSAGE_UPDATE", lambda d: bool(d["components"]))
        assert button(panel, "Remix mode")
        _, messages = await one.call("GET", f"/channels/{one.spec.channel_id}/messages")
        assert messages == []


@pytest.mark.asyncio
async def test_the_ledger_tells_what_happened() -> None:
    async with running() as simulator, client(simulator) as one:
        await one.imagine("a red fox --v 7")
        final = await one.final()
        report = await one.sim("GET", "/ledger")
        (entry,), (job,) = report["interactions"], report["jobs"]
        assert entry["command"] == "imagine"
        assert entry["job"] == job["uuid"]
        assert job["nonce"] == entry["nonce"]
        assert job["echoed_prompt"] == "a red fox --v 7.0"
        assert job["picture_url"] == final["attachments"][0]["url"]
        async with one.http.get(job["picture_url"]) as response:
            data = await response.read()
        assert hashlib.sha256(data).hexdigest() == job["picture_sha256"]
        assert report["violations"] == []
        assert report["dispatches"][0]["t"] == "READY"
        later = await one.sim("GET", f"/ledger?since={report['seq']}")
        assert later["interactions"] == []


@pytest.mark.asyncio
async def test_a_reused_nonce_and_a_dead_session_are_noted() -> None:
    async with running() as simulator, client(simulator) as one:
        await one.imagine("one", nonce="1")
        await one.imagine("two", nonce="1", session_id="gone")
        found = (await one.sim("GET", "/ledger?fields=violations"))["violations"]
        kinds = [violation["kind"] for violation in found]
        assert kinds == ["nonce_reused", "interaction_without_session"]


@pytest.mark.asyncio
async def test_waiting_ends_without_success() -> None:
    async with running() as simulator, client(simulator) as one:
        url = f"{one.url}/_sim/wait?jobs=1&timeout=0.01"
        async with one.http.get(url) as response:
            assert response.status == 408
            assert (await response.json())["sessions"] == 1


@pytest.mark.asyncio
async def test_links_expire_when_that_is_enforced() -> None:
    knobs = {"link_enforce": True, "link_ttl": -5}
    async with running(knobs=knobs) as simulator, client(simulator) as one:
        await one.imagine("a red fox")
        url = (await one.final())["attachments"][0]["url"]
        async with one.http.get(url) as response:
            assert response.status == 404
        await one.sim("PATCH", "/knobs", {"link_ttl": 60})
        body = {"attachment_urls": [url]}
        _, answer = await one.call("POST", "/attachments/refresh-urls", body)
        async with one.http.get(answer["refreshed_urls"][0]["refreshed"]) as response:
            assert response.status == 200


@pytest.mark.parametrize("seed", [None, 7])
@pytest.mark.asyncio
async def test_a_restart_keeps_the_world(tmp_path: Path, seed: int | None) -> None:
    state = tmp_path / "world.jsonl"
    async with running(state=state, seed=seed) as simulator, client(simulator) as one:
        await one.imagine("a red fox")
        final = await one.final()
        old = final["attachments"][0]["url"].removeprefix(one.url)
        async with one.http.get(one.url + old) as response:
            picture = await response.read()
        await one.event("MESSAGE_DELETE")
        session_id = one.session_id
    with state.open("ab") as file:
        file.write(b'{"kind":"job","fac')  # killed in the middle of a line
    async with running(state=state, seed=seed) as simulator, client(simulator) as one:
        assert one.session_id != session_id
        async with one.http.get(one.url + old) as response:
            assert await response.read() == picture
        _, messages = await one.call("GET", f"/channels/{one.spec.channel_id}/messages")
        assert [message["id"] for message in messages] == [final["id"]]
        assert messages[0]["attachments"][0]["url"] == one.url + old
        assert (await one.click(final, button(final, "U1")))[0] == 204
        single = await one.final("Image #1")
        assert int(single["id"]) > int(final["id"])


@pytest.mark.asyncio
async def test_real_hosts_are_written_on_demand() -> None:
    async with running(real_hosts=True) as simulator, client(simulator) as one:
        assert one.ready["resume_gateway_url"].startswith("wss://gateway-")
        await one.imagine("a red fox")
        url = (await one.final())["attachments"][0]["url"]
        assert url.startswith("https://cdn.discordapp.com/attachments/")


@pytest.mark.asyncio
async def test_a_further_channel_works_and_is_kept(tmp_path: Path) -> None:
    state = tmp_path / "world.jsonl"
    async with running(state=state) as simulator, client(simulator) as one:
        place = await one.sim("POST", "/channels", {"account": one.spec.name})
        status, _ = await one.imagine("a red fox", channel_id=place["channel_id"])
        assert status == 204
        final = await one.final()
        assert final["channel_id"] == place["channel_id"]
        await one.event("MESSAGE_DELETE")
    async with running(state=state) as simulator, client(simulator) as one:
        path = f"/channels/{place['channel_id']}/messages"
        _, messages = await one.call("GET", path)
        assert [message["id"] for message in messages] == [final["id"]]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"channel_id": "1"}, 10003),
        ({"channel_id": "1201000000000002002"}, 50001),
        ({"guild_id": None}, 10004),
        ({"application_id": "1"}, 10002),
        ({"nonce": "x" * 26}, 50035),
        ({"type": 9}, 50035),
    ],
)
@pytest.mark.asyncio
async def test_interactions_are_validated(changes: Json, code: int) -> None:
    async with running() as simulator, client(simulator) as one:
        _, body = await one.imagine("a red fox", **changes)
        assert body["code"] == code
        assert (await one.sim("GET", "/ledger?fields=jobs"))["jobs"] == []


@pytest.mark.asyncio
async def test_multipart_is_accepted() -> None:
    async with running() as simulator, client(simulator) as one:
        body = {
            "type": 2,
            "application_id": MIDJOURNEY,
            "guild_id": one.spec.guild_id,
            "channel_id": one.spec.channel_id,
            "session_id": one.session_id,
            "nonce": "77",
            "data": {
                "id": IMAGINE[0],
                "version": IMAGINE[1],
                "name": "imagine",
                "type": 1,
                "options": [{"type": 3, "name": "prompt", "value": "a red fox"}],
            },
        }
        form = aiohttp.FormData(default_to_multipart=True)
        form.add_field("payload_json", json.dumps(body))
        async with one.http.post(
            f"{one.url}/api/v10/interactions",
            data=form,
            headers={"Authorization": one.spec.user_token},
        ) as response:
            assert response.status == 204
        assert (await one.event("INTERACTION_CREATE"))["nonce"] == "77"


@pytest.mark.asyncio
async def test_a_job_that_ran_when_the_process_ended_is_gone(tmp_path: Path) -> None:
    state = tmp_path / "world.jsonl"
    async with running(state=state) as simulator, client(simulator) as one:
        rule = {"match": {}, "effect": {"hang_at": 31}}
        await one.sim("POST", "/rules", rule)
        await one.imagine("a red fox")
        await one.sim("GET", "/wait?jobs=1&state=hung")
    async with running(state=state) as simulator, client(simulator) as one:
        jobs = await one.sim("GET", "/jobs")
        assert [job["state"] for job in jobs] == ["vanished"]
        _, messages = await one.call("GET", f"/channels/{one.spec.channel_id}/messages")
        assert messages == []


@pytest.mark.asyncio
async def test_the_command_line_starts_and_ends_cleanly(tmp_path: Path) -> None:
    arguments = [
        "--accounts",
        "1",
        "--seed",
        "1",
        "--speed",
        "50",
        "--knob",
        "u_delay=0",
    ]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gateway.simulator",
        *arguments,
        "--state",
        str(tmp_path / "state"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    assert line.startswith("simulator ready on http://127.0.0.1:")
    async with aiohttp.ClientSession() as http:
        one = Client(line.split()[-1], http, default_accounts(1)[0])
        await one.connect()
        assert (await one.sim("GET", "/knobs"))["u_delay"] == 0
        process.terminate()
        assert await one.gone() == 1001
    assert await process.wait() == 0
