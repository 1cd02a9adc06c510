"""Failure injection: HTTP, jobs, events, notices."""

from typing import Any

import aiohttp
import pytest

from gateway.simulator.state.knobs import Knobs
from gateway.simulator.state.rules import BadRule, Occasion, Rules
from tests.gateway.simulator.client import Client, button, client, running

Json = dict[str, Any]


async def rule(one: Client, match: Json, effect: Json, times: int | None = 1) -> Json:
    body = {"match": match, "effect": effect, "times": times}
    answer: Json = await one.sim("POST", "/rules", body)
    return answer


def test_rules_refuse_what_cannot_work() -> None:
    rules = Rules()
    with pytest.raises(BadRule):
        rules.add({"colour": "red"}, {"drop": True}, None)
    with pytest.raises(BadRule):
        rules.add({}, {"drop": True, "http": {}}, None)
    with pytest.raises(BadRule):
        rules.add({}, {}, None)


def test_a_rule_counts_its_occasions() -> None:
    rules = Rules()
    rules.add({"command": "imagine", "nth": [2, 3]}, {"silent": True}, None)
    occasion = Occasion(command="imagine")
    worked = [bool(rules.effects("job", occasion)) for _ in range(4)]
    assert worked == [False, True, True, False]


def test_knobs_convert_text() -> None:
    knobs = Knobs().with_changes({"final_nonce": "true", "start_delay": "2"})
    assert (knobs.final_nonce, knobs.start_delay) == (True, 2.0)


@pytest.mark.asyncio
async def test_duplicates_and_drops() -> None:
    async with running() as simulator, client(simulator) as one:
        await rule(one, {"phase": "final"}, {"duplicate": 2})
        await rule(one, {"event": "INTERACTION_SUCCESS"}, {"drop": True})
        await one.imagine("a red fox")
        await one.event("MESSAGE_DELETE")
        names = [frame["t"] for frame in one.events]
        finals = [f for f in one.events if f["t"] == "MESSAGE_CREATE"][1:]
        assert "INTERACTION_SUCCESS" not in names
        assert [f["d"]["id"] for f in finals] == [finals[0]["d"]["id"]] * 2
        assert finals[0]["s"] + 1 == finals[1]["s"]


@pytest.mark.parametrize(
    ("phase", "after", "order"),
    [
        ("start", "final", ["final", "start"]),
        ("final", "delete", ["delete", "final"]),
        ("success", "final", ["final", "success"]),
    ],
)
@pytest.mark.asyncio
async def test_one_event_may_wait_for_another(
    phase: str, after: str, order: list[str]
) -> None:
    async with running() as simulator, client(simulator) as one:
        await rule(one, {"phase": phase}, {"after": after})
        await one.imagine("a red fox")
        await one.event("MESSAGE_DELETE")
        await one.final()
        await one.event("INTERACTION_SUCCESS")
        seen = [name for frame in one.events if (name := _phase(frame)) in order]
        assert seen == order


def _phase(frame: Json) -> str:
    if frame["t"] == "MESSAGE_CREATE":
        return "final" if frame["d"]["attachments"] else "start"
    names = {"MESSAGE_DELETE": "delete", "INTERACTION_SUCCESS": "success"}
    return names.get(frame["t"], "")


@pytest.mark.asyncio
async def test_results_of_equal_prompts_arrive_in_another_order() -> None:
    async with running() as simulator, client(simulator) as one:
        await rule(one, {"phase": "final"}, {"reverse": 3}, 3)
        for _ in range(3):
            await one.imagine("a red fox")
        await one.sim("GET", "/wait?jobs=3")
        jobs = (await one.sim("GET", "/ledger?fields=jobs"))["jobs"]
        last = max(jobs, key=lambda job: int(job["message_id"]))
        assert (await one.final())["id"] == last["message_id"]


@pytest.mark.asyncio
async def test_held_events_come_when_released() -> None:
    async with running() as simulator, client(simulator) as one:
        held = await rule(one, {"event": "MESSAGE_*"}, {"hold": True}, None)
        await one.imagine("a red fox")
        await one.sim("GET", "/wait?jobs=1")
        await one.event("INTERACTION_SUCCESS")
        assert "MESSAGE_CREATE" not in {frame["t"] for frame in one.events}
        released = await one.sim("POST", "/release", {"rule": held["id"]})
        assert released["events"] >= 6
        assert await one.final()


@pytest.mark.asyncio
async def test_an_answer_of_http_instead_of_the_job() -> None:
    async with running() as simulator, client(simulator) as one:
        limited = {"message": "You are being rate limited.", "retry_after": 0.3}
        http = {"status": 429, "body": limited, "headers": {"Retry-After": 1}}
        await rule(one, {"route": "POST /interactions"}, {"http": http})
        assert await one.imagine("a red fox") == (429, limited)
        assert (await one.imagine("a red fox"))[0] == 204
        await one.sim("GET", "/wait?jobs=1")
        report = await one.sim("GET", "/ledger")
        assert [i["http_status"] for i in report["interactions"]] == [429, 204]
        assert len(report["jobs"]) == 1


@pytest.mark.parametrize(("moment", "jobs"), [("before", 0), ("after", 1)])
@pytest.mark.asyncio
async def test_a_cut_before_or_after_accepting(moment: str, jobs: int) -> None:
    async with running() as simulator, client(simulator) as one:
        await rule(one, {"command": "imagine"}, {"cut": moment})
        with pytest.raises(aiohttp.ClientError):
            await one.imagine("a red fox")
        await one.sim("GET", f"/wait?jobs={jobs}&interactions=1")
        report = await one.sim("GET", "/ledger?fields=jobs,interactions")
        assert len(report["jobs"]) == jobs


@pytest.mark.asyncio
async def test_rules_reach_other_routes() -> None:
    async with running() as simulator, client(simulator) as one:
        html = {"status": 502, "body": "<html>Bad gateway</html>"}
        await rule(one, {"route": "GET /channels/*/messages"}, {"http": html})
        url = f"{one.url}/api/v9/channels/{one.spec.channel_id}/messages"
        headers = {"Authorization": one.spec.user_token}
        async with one.http.get(url, headers=headers) as response:
            assert response.status == 502
            assert response.content_type == "text/html"


@pytest.mark.parametrize(
    ("notice", "form", "event", "nonce"),
    [
        ("banned_prompt", "A", "MESSAGE_CREATE", True),
        ("invalid_link", "B", "MESSAGE_UPDATE", False),
        ("moderated", "C", "MESSAGE_UPDATE", False),
        ("internal", "D", "MESSAGE_CREATE", False),
    ],
)
@pytest.mark.asyncio
async def test_notices_with_an_embed(
    notice: str, form: str, event: str, nonce: bool
) -> None:
    async with running() as simulator, client(simulator) as one:
        await rule(one, {"command": "imagine"}, {"notice": notice, "form": form})
        await one.imagine("a red fox")
        told = await one.event(event, lambda d: bool(d["embeds"]))
        assert ("nonce" in told) is nonce
        assert told["embeds"][0]["color"] in (16711680, 15548997)
        assert ("message_reference" in told) is (form == "D")
        assert (await one.sim("GET", "/wait?jobs=0"))["jobs"] == 0


@pytest.mark.asyncio
async def test_notices_without_an_embed() -> None:
    async with running() as simulator, client(simulator) as one:
        match = {"command": "imagine"}
        await rule(one, match, {"notice": "internal_text"})
        await one.imagine("one")
        told = await one.event("MESSAGE_CREATE")
        assert told["content"].startswith("There was an error")
        await rule(one, match, {"notice": "vanished", "at": 31})
        await one.imagine("two")
        await one.event("MESSAGE_DELETE")
        await rule(one, match, {"notice": "no_answer"})
        await one.imagine("three")
        failure = await one.event("INTERACTION_FAILURE")
        assert failure["reason_code"] == 2


@pytest.mark.parametrize(
    ("effect", "state"),
    [({"stop_at": 62}, "stopped"), ({"vanish_at": 93}, "vanished"), ({}, "finished")],
)
@pytest.mark.asyncio
async def test_jobs_may_end_in_the_middle(effect: Json, state: str) -> None:
    async with running() as simulator, client(simulator) as one:
        if effect:
            await rule(one, {"prompt_regex": "fox"}, effect)
        await one.imagine("a red fox")
        assert (await one.sim("GET", f"/wait?jobs=1&state={state}"))["jobs"] == 1


@pytest.mark.asyncio
async def test_knobs_for_one_job() -> None:
    async with running() as simulator, client(simulator) as one:
        knobs = {"final_form": "edit", "progress_steps": "", "start_form": "loading"}
        await rule(one, {"command": "imagine"}, {"knobs": knobs})
        await one.imagine("a red fox")
        start = await one.event("MESSAGE_CREATE")
        final = await one.event("MESSAGE_UPDATE", lambda d: bool(d["attachments"]))
        assert (start["flags"], start["content"]) == (128, "")
        assert final["id"] == start["id"]
        jobs = (await one.sim("GET", "/ledger?fields=jobs"))["jobs"]
        assert jobs[0]["message_id"] == jobs[0]["progress_message_id"] == start["id"]


@pytest.mark.asyncio
async def test_a_stranger_draws_in_the_channel() -> None:
    async with running() as simulator, client(simulator) as one:
        body = {"account": one.spec.name, "prompt": "a red fox"}
        user_id = (await one.sim("POST", "/foreign", body))["user_id"]
        final = await one.final()
        assert f"<@{user_id}>" in final["content"]
        assert (await one.sim("GET", "/ledger?fields=jobs"))["jobs"] == []


@pytest.mark.asyncio
async def test_noise_reaches_every_session() -> None:
    async with running() as simulator, client(simulator) as one:
        await one.sim("POST", "/noise", {"rate": 400, "seconds": 0.2})
        assert await one.event("TYPING_START")
        assert await one.event("MESSAGE_UPDATE", lambda d: "author" not in d)


@pytest.mark.asyncio
async def test_a_notice_may_belong_to_nothing() -> None:
    async with running() as simulator, client(simulator) as one:
        body = {"account": one.spec.name, "notice": "blocked"}
        await one.sim("POST", "/notice", body)
        told = await one.event("MESSAGE_CREATE")
        assert told["embeds"][0]["title"] == "Blocked"
        assert "nonce" not in told
        assert "interaction_metadata" not in told


@pytest.mark.asyncio
async def test_an_upscale_may_fail_with_a_reply_to_its_grid() -> None:
    async with running() as simulator, client(simulator) as one:
        await one.imagine("a red fox")
        parent = await one.final()
        match = {"custom_id": "upsample::1"}
        await rule(one, match, {"notice": "internal", "form": "D"})
        await one.click(parent, button(parent, "U1"))
        told = await one.event("MESSAGE_CREATE", lambda d: bool(d["embeds"]))
        assert told["message_reference"]["message_id"] == parent["id"]
        assert (await one.sim("GET", "/wait?jobs=1&state=failed"))["jobs"] == 1


@pytest.mark.asyncio
async def test_a_refused_wish_must_not_be_sent_again() -> None:
    async with running() as simulator, client(simulator) as one:
        body = {"message": "Missing Access", "code": 50001}
        await rule(one, {"command": "imagine"}, {"http": {"status": 403, "body": body}})
        assert (await one.imagine("one"))[0] == 403
        await one.imagine("two")
        assert list(simulator.core.ledger.violations) == []
        await one.imagine("one")
        kinds = [violation["kind"] for violation in simulator.core.ledger.violations]
        assert kinds == ["retry_after_refusal"]


@pytest.mark.asyncio
async def test_a_rule_may_name_the_kind_of_job() -> None:
    async with running() as simulator, client(simulator) as one:
        answer = await rule(one, {"kind": "imagine"}, {"hang_at": 31}, None)
        await rule(one, {"kind": "upscale"}, {"hang_at": 0}, None)
        await one.imagine("a red fox")

        reached, counts = await simulator.core.ledger.wait(
            {"jobs": 1}, state="hung", seconds=10
        )

        assert reached, counts
        rules = {each["id"]: each for each in await one.sim("GET", "/rules")}
        assert rules[answer["id"]]["applied"] == 1
        assert sum(each["applied"] for each in rules.values()) == 1
