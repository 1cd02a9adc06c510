"""Windows: which button opens one, and what its submit makes."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.simulator.base.constants import NIJI
from tests.gateway.simulator.client import Client, button, client, running
from tests.gateway.simulator.window_client import (
    answer,
    field,
    grid,
    opened,
    result,
    single,
    submit,
)

Json = dict[str, Any]
REMIX = {"remix": True}
NIJI_IMAGINE = ("1023054140580057099", "1248805223892254774")
NEW = "a red fox at night --v 7"
ECHO = "a red fox --v 7.0"


def uuid_of(message: Json, label: str) -> str:
    return button(message, label).removesuffix("::SOLO").split("::")[-1]


@pytest.mark.parametrize(
    ("label", "window_id", "field_id", "text"),
    [
        ("Vary (Strong)", "MJ::RemixModal::{}::1::1", "RemixModal::new_prompt",
         "Remix (Strong) by"),
        ("Vary (Subtle)", "MJ::RemixModal::{}::1::0", "RemixModal::new_prompt",
         "Remix (Subtle) by"),
        ("⬅️", "MJ::PanModal::left::{}::1", "PanModal::prompt", "Pan Left by"),
        ("⬇️", "MJ::PanModal::down::{}::1", "PanModal::prompt", "Pan Down by"),
    ],
)  # fmt: skip
@pytest.mark.asyncio
async def test_with_remix_mode_a_single_picture_asks_for_a_prompt(
    label: str, window_id: str, field_id: str, text: str
) -> None:
    async with running(knobs=REMIX) as simulator, client(simulator) as one:
        source = await single(one)
        window = await opened(one, source, label)
        status, _ = await submit(one, window, NEW)
        final = await result(one, text)

        assert status == 204
        assert window["custom_id"] == window_id.format(uuid_of(source, "❤️"))
        assert field(window)["custom_id"] == f"MJ::{field_id}"
        assert field(window)["value"] == ECHO
        assert final["content"].startswith("**a red fox at night --v 7.0** - ")
        assert final["message_reference"]["message_id"] == source["id"]


@pytest.mark.parametrize(
    ("label", "window_id", "field_id", "text"),
    [
        ("V3", "MJ::RemixModal::{}::3::1", "RemixModal::new_prompt", "Remix by"),
        ("🔄", "MJ::ImagineModal::{}", "ImagineModal::new_prompt", "night --v 7.0** -"),
    ],
)
@pytest.mark.asyncio
async def test_with_remix_mode_a_grid_asks_for_a_prompt(
    label: str, window_id: str, field_id: str, text: str
) -> None:
    async with running(knobs=REMIX) as simulator, client(simulator) as one:
        source = await grid(one)
        window = await opened(one, source, label)
        await submit(one, window, NEW)
        await result(one, text, source)

        subject = source["id"] if label == "🔄" else uuid_of(source, "U1")
        assert window["custom_id"] == window_id.format(subject)
        assert field(window)["custom_id"] == f"MJ::{field_id}"


@pytest.mark.asyncio
async def test_a_submit_and_its_click_can_be_told_apart_everywhere() -> None:
    async with running(knobs=REMIX) as simulator, client(simulator) as one:
        source = await grid(one)
        window = await opened(one, source, "V1")
        click_nonce = one.last_nonce
        answered = await one.event(
            "INTERACTION_SUCCESS", lambda d: d["nonce"] == click_nonce
        )
        await submit(one, window, NEW)
        nonce = one.last_nonce
        start = await one.event("MESSAGE_CREATE", lambda d: d.get("nonce") == nonce)
        created = await one.event("INTERACTION_CREATE", lambda d: d["nonce"] == nonce)
        await one.event("INTERACTION_SUCCESS", lambda d: d["nonce"] == nonce)
        await result(one, "Remix by")

        assert answered["id"] == window["id"]
        assert created["id"] != window["id"]
        assert start["type"] == 19
        meta = start["interaction_metadata"]
        assert (meta["id"], meta["type"]) == (created["id"], 5)
        inner = meta["triggering_interaction_metadata"]
        assert (inner["id"], inner["type"]) == (window["id"], 3)
        assert inner["interacted_message_id"] == source["id"]
        ledger = await one.sim("GET", "/ledger?fields=interactions,jobs")
        entry, job = ledger["interactions"][-1], ledger["jobs"][-1]
        assert entry["custom_id"] == window["custom_id"]
        assert entry["prompt"] == NEW
        assert entry["clicked"] == window["id"]
        assert entry["job"] == job["uuid"]
        assert (job["prompt"], job["nonce"]) == (NEW, nonce)
        assert job["window"] == window["custom_id"]


@pytest.mark.asyncio
async def test_a_window_opens_in_the_session_of_its_click_only() -> None:
    async with (
        running(knobs=REMIX) as simulator,
        client(simulator) as one,
        client(simulator) as two,
    ):
        source = await grid(one)
        await opened(one, source, "V1")
        data = {"component_type": 2, "custom_id": button(source, "V2")}
        await two.interact(3, data, message_id=source["id"], message_flags=0)
        await two.event("INTERACTION_MODAL_CREATE")

        names = [event["t"] for event in two.events]
        assert names.count("INTERACTION_MODAL_CREATE") == 1


@pytest.mark.asyncio
async def test_without_remix_mode_no_window_opens() -> None:
    async with running() as simulator, client(simulator) as one:
        source = await grid(one)
        await one.click(source, button(source, "V1"))
        await result(one, "Variations by")

        assert "INTERACTION_MODAL_CREATE" not in [event["t"] for event in one.events]


@pytest.mark.asyncio
async def test_remix_mode_is_one_bot_s_affair() -> None:
    async with running() as simulator, client(simulator) as one:
        change = {"change": "account-1", "niji_remix": True}
        facts = await one.sim("POST", "/accounts", change)
        mine = await grid(one)
        name = {"id": NIJI_IMAGINE[0], "version": NIJI_IMAGINE[1], "name": "imagine"}
        option = {"type": 3, "name": "prompt", "value": "a cat"}
        data = {**name, "type": 1, "options": [option]}
        await one.interact(2, data, application_id=NIJI)
        theirs = await result(one, "a cat --niji 6")
        clicked = {"component_type": 2, "custom_id": button(theirs, "V1")}
        place = {"message_id": theirs["id"], "message_flags": 0}
        await one.interact(3, clicked, **place, application_id=NIJI)
        window = await one.event("INTERACTION_MODAL_CREATE")
        await one.click(mine, button(mine, "V2"))
        await result(one, "Variations by")

        assert (facts["remix"], facts["niji_remix"]) == (False, True)
        assert window["application"]["id"] == NIJI
        names = [event["t"] for event in one.events]
        assert names.count("INTERACTION_MODAL_CREATE") == 1


@pytest.mark.parametrize(
    ("prompt", "prefilled"),
    [
        ("a fox", "a fox --ar 1:1 --zoom 2"),
        ("a fox --ar 3:2", "a fox --ar 3:2 --zoom 2"),
    ],
)
@pytest.mark.asyncio
async def test_custom_zoom_always_asks(prompt: str, prefilled: str) -> None:
    async with running() as simulator, client(simulator) as one:
        source = await single(one, prompt)
        window = await opened(one, source, "Custom Zoom")
        await submit(one, window, "a fox --ar 2:1 --zoom 1.7")
        final = await result(one, "Zoom Out by")

        uuid = uuid_of(source, "❤️")
        assert window["custom_id"] == f"MJ::OutpaintCustomZoomModal::{uuid}"
        assert field(window)["custom_id"] == "MJ::OutpaintCustomZoomModal::prompt"
        assert field(window)["value"] == prefilled
        assert final["content"].startswith("**a fox --ar 2:1 --zoom 1.7** - Zoom Out")
        picture = final["attachments"][0]
        assert picture["width"] == 2 * picture["height"]


@pytest.mark.parametrize("zoom", ["", "--zoom 1", "--zoom 2.1", "--zoom x", "--zoom"])
@pytest.mark.asyncio
async def test_custom_zoom_refuses_other_factors(zoom: str) -> None:
    async with running() as simulator, client(simulator) as one:
        window = await opened(one, await single(one), "Custom Zoom")
        status, _ = await submit(one, window, f"a fox {zoom}")
        refused = await one.event("MESSAGE_CREATE", lambda d: bool(d["embeds"]))

        assert status == 204
        assert refused["embeds"][0]["title"] == "Invalid parameter"
        assert refused["nonce"] == one.last_nonce


@pytest.mark.asyncio
async def test_with_remix_mode_clips_ask_for_a_prompt() -> None:
    async with running(knobs=REMIX) as simulator, client(simulator) as one:
        source = await single(one)
        first = await opened(one, source, "Animate (Low motion)")
        await submit(one, first, "the fox runs")
        clips = await result(one, "the fox runs")
        await one.click(clips, button(clips, "U3"))
        clip = await result(one, "Image #3")
        second = await opened(one, clip, "Extend (High motion)")
        await submit(one, second, "the fox sleeps")
        longer = await result(one, "the fox sleeps")

        still, moving = uuid_of(source, "❤️"), button(clip, "Extend (High motion)")
        index, uuid = moving.split("::")[-2:]
        assert first["custom_id"] == f"MJ::AnimateModal::{still}::1::low::0"
        assert second["custom_id"] == f"MJ::AnimateModal::{uuid}::{index}::high::1"
        assert field(second)["custom_id"] == "MJ::AnimateModal::prompt"
        assert longer["message_reference"]["message_id"] == clip["id"]


@pytest.mark.asyncio
async def test_a_reroll_of_a_remix_recalls_its_window() -> None:
    async with running(knobs=REMIX) as simulator, client(simulator) as one:
        first = await opened(one, await grid(one), "V2")
        await submit(one, first, NEW)
        remix = await result(one, "Remix by")
        second = await opened(one, remix, "🔄")
        await submit(one, second, "a blue fox")
        again = await result(one, "blue")

        assert second["custom_id"] == first["custom_id"]
        assert field(second)["custom_id"] == "MJ::RemixModal::new_prompt"
        assert "Remix by" in again["content"]


@pytest.mark.asyncio
async def test_a_text_input_may_lie_in_a_label() -> None:
    options = {**REMIX, "modal_wrap": "label"}
    async with running(knobs=options) as simulator, client(simulator) as one:
        window = await opened(one, await grid(one), "V1")
        status, _ = await submit(one, window, NEW)

        assert window["components"][0]["type"] == 18
        assert status == 204
        assert await result(one, "Remix by")


@pytest.mark.parametrize("effect", ["none", "open", "lost"])
@pytest.mark.asyncio
async def test_a_rule_can_surprise_with_windows(effect: str) -> None:
    options = {"remix": effect != "open"}
    async with running(knobs=options) as simulator, client(simulator) as one:
        source = await grid(one)
        rule = {"match": {"custom_id": "variation"}, "effect": {"window": effect}}
        await one.sim("POST", "/rules", rule)
        await one.click(source, button(source, "V1"))
        if effect == "none":
            final = await result(one, "Variations by")
            assert final["content"].startswith(f"**{ECHO}**")
            return
        nonce = one.last_nonce
        done = await one.event("INTERACTION_SUCCESS", lambda d: d["nonce"] == nonce)
        shown = [e["d"] for e in one.events if e["t"] == "INTERACTION_MODAL_CREATE"]
        assert len(shown) == (effect == "open")
        custom_id = f"MJ::RemixModal::{uuid_of(source, 'U1')}::1::1"
        text = {"type": 4, "custom_id": "MJ::RemixModal::new_prompt", "value": NEW}
        line = {"type": 1, "components": [text]}
        data = {"id": done["id"], "custom_id": custom_id, "components": [line]}
        status, _ = await one.interact(5, data)
        assert status == 204
        assert await result(one, "Remix by")


@pytest.mark.asyncio
async def test_a_window_is_submitted_once_and_in_time() -> None:
    async with running(knobs=REMIX) as simulator, client(simulator) as one:
        source = await grid(one)
        window = await opened(one, source, "V1")
        first, _ = await submit(one, window, NEW)
        second, body = await submit(one, window, NEW)
        await one.sim("PATCH", "/knobs", {"modal_ttl": 0})
        late = await opened(one, source, "V2")
        third, late_body = await submit(one, late, NEW)

        assert first == 204
        assert (second, body["code"]) == (404, 10062)
        assert (third, late_body["code"]) == (404, 10062)


@pytest.mark.parametrize(
    "place",
    [
        {"session_id": "f1a313a09ce079ce252459dc70231f30"},
        {"application_id": NIJI},
        {"guild_id": None, "channel_id": "1201000000000001003"},
    ],
)
@pytest.mark.asyncio
async def test_a_window_is_submitted_where_it_opened(place: Json) -> None:
    async with running(knobs=REMIX) as simulator, client(simulator) as one:
        window = await opened(one, await grid(one), "V1")
        data = answer(window, NEW)
        status, body = await one.interact(5, data, **place)
        right, _ = await one.interact(5, data)

        assert (status, body["code"]) == (404, 10062)
        assert right == 204


def other_id(data: Json) -> None:
    data["custom_id"] = "MJ::RemixModal::nowhere::1::1"


def other_field(data: Json) -> None:
    data["components"][0]["components"][0]["custom_id"] = "MJ::PanModal::prompt"


def no_text(data: Json) -> None:
    data["components"][0]["components"][0]["value"] = ""


def long_text(data: Json) -> None:
    data["components"][0]["components"][0]["value"] = "x" * 4001


def no_components(data: Json) -> None:
    data["components"] = [None, "text", {"components": 7}]


@pytest.mark.parametrize(
    "spoil", [other_id, other_field, no_text, long_text, no_components]
)
@pytest.mark.asyncio
async def test_a_wrong_answer_is_an_invalid_form(spoil: Callable[[Json], None]) -> None:
    async with running(knobs=REMIX) as simulator, client(simulator) as one:
        window = await opened(one, await grid(one), "V1")
        wrong, right = answer(window, NEW), answer(window, NEW)
        spoil(wrong)
        status, body = await one.interact(5, wrong)

        assert (status, body["code"]) == (400, 50035)
        assert (await one.interact(5, right))[0] == 204


@pytest.mark.asyncio
async def test_an_unknown_window_is_an_unknown_interaction() -> None:
    async with running() as simulator, client(simulator) as one:
        for data in ({"id": "1"}, {"id": None}, {"id": ["1"]}, {}):
            status, body = await one.interact(5, data)
            assert (status, body["code"]) == (404, 10062)


@pytest.mark.asyncio
async def test_a_rule_knows_what_a_window_can_do() -> None:
    async with running() as simulator, client(simulator) as one:
        await refused(one, {"window": "ajar"})


async def refused(one: Client, effect: Json) -> None:
    body = {"match": {}, "effect": effect}
    async with one.http.post(f"{one.url}/_sim/rules", json=body) as response:
        assert response.status == 400
