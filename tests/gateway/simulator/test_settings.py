"""The settings panel and the commands that change what it shows."""

from typing import Any

import pytest

from gateway.simulator.base.constants import MIDJOURNEY, NIJI
from tests.gateway.simulator.client import Client, button, client, running
from tests.gateway.simulator.window_client import grid, opened, result, single

Json = dict[str, Any]
SETTINGS = {
    MIDJOURNEY: ("1000850743479255081", "1237876415790055475"),
    NIJI: ("1023054140634579025", "1248805223925940264"),
}
PREFER = ("984273800587776053", "1237876415790055476")
MODES = {
    "fast": ("972289487818334212", "1237876415735660572"),
    "relax": ("972289487818334213", "1237876415735660573"),
    "turbo": ("1124132684143271996", "1237876415790055474"),
    "stealth": ("1065569343456419860", "1237876415735660569"),
    "private": ("972289487818334210", "1237876415735660570"),
    "public": ("972289487818334211", "1237876415735660571"),
}


async def command(
    one: Client, name: str, key: tuple[str, str], *options: Json, app: str = MIDJOURNEY
) -> Json:
    """Run a command; returns its filled private answer."""
    data = {"id": key[0], "version": key[1], "name": name, "type": 1}
    await one.interact(2, {**data, "options": list(options)}, application_id=app)
    nonce = one.last_nonce
    first = await one.event("MESSAGE_CREATE", lambda d: d.get("nonce") == nonce)
    return await one.event("MESSAGE_UPDATE", lambda d: d["id"] == first["id"])


async def panel(one: Client, app: str = MIDJOURNEY) -> Json:
    return await command(one, "settings", SETTINGS[app], app=app)


async def prefer(one: Client, name: str, *options: Json) -> Json:
    return await command(
        one, "prefer", PREFER, {"type": 1, "name": name, "options": list(options)}
    )


async def pressed(one: Client, shown: Json, label: str, app: str = MIDJOURNEY) -> Json:
    """Press a control; returns the panel after that."""
    seen = len(one.events)
    data = {"component_type": 2, "custom_id": button(shown, label)}
    place = {"message_id": shown["id"], "message_flags": 64, "application_id": app}
    status, _ = await one.interact(3, data, **place)
    assert status == 204
    nonce = one.last_nonce
    await one.event("INTERACTION_SUCCESS", lambda d: d["nonce"] == nonce)
    (changed,) = (e["d"] for e in one.events[seen:] if e["t"] == "MESSAGE_UPDATE")
    assert changed["id"] == shown["id"]
    return dict(changed)


def lit(shown: Json) -> set[str]:
    """The labels of all controls that are on."""
    items = [item for row in shown["components"] for item in row["components"]]
    return {item["label"] for item in items if item.get("style") == 3}


def version(shown: Json) -> str:
    options = shown["components"][0]["components"][0]["options"]
    (chosen,) = (option["value"] for option in options if option["default"])
    return str(chosen)


FRESH = {"Public mode", "Stylize med", "High Variation Mode", "Fast mode"}


@pytest.mark.parametrize(
    ("label", "gone", "come"),
    [
        ("RAW Mode", set(), {"RAW Mode"}),
        ("Personalization", set(), {"Personalization"}),
        ("Public mode", {"Public mode"}, set()),
        ("Remix mode", set(), {"Remix mode"}),
        ("Stylize very high", {"Stylize med"}, {"Stylize very high"}),
        ("Low Variation Mode", {"High Variation Mode"}, {"Low Variation Mode"}),
        ("Turbo mode", {"Fast mode"}, {"Turbo mode"}),
        ("Relax mode", {"Fast mode"}, {"Relax mode"}),
        ("Fast mode", set(), set()),
    ],
)
@pytest.mark.asyncio
async def test_a_control_changes_the_panel(
    label: str, gone: set[str], come: set[str]
) -> None:
    async with running() as simulator, client(simulator) as one:
        shown = await panel(one)
        changed = await pressed(one, shown, label)
        again = await panel(one)

        assert lit(shown) == FRESH
        assert lit(changed) == lit(again) == FRESH - gone | come
        assert (changed["flags"], changed.get("guild_id")) == (64, None)


@pytest.mark.parametrize("label", ["RAW Mode", "Public mode", "Remix mode"])
@pytest.mark.asyncio
async def test_a_switch_pressed_twice_is_as_before(label: str) -> None:
    async with running() as simulator, client(simulator) as one:
        shown = await pressed(one, await panel(one), label)
        assert lit(shown) != FRESH
        assert lit(await pressed(one, shown, label)) == FRESH


@pytest.mark.asyncio
async def test_relax_mode_pressed_twice_is_fast_mode() -> None:
    async with running() as simulator, client(simulator) as one:
        shown = await pressed(one, await panel(one), "Relax mode")
        assert button(shown, "Relax mode").endswith("RelaxMode::off")
        assert lit(await pressed(one, shown, "Relax mode")) == FRESH


@pytest.mark.asyncio
async def test_reset_undoes_all_choices_with_this_bot() -> None:
    async with running() as simulator, client(simulator) as one:
        shown = await panel(one)
        for label in ("RAW Mode", "Remix mode", "Stylize low", "Low Variation Mode"):
            shown = await pressed(one, shown, label)
        await prefer(one, "suffix", {"type": 3, "name": "new_value", "value": "--q 2"})
        shown = await pressed(one, shown, "Reset Settings")

        assert lit(shown) == FRESH
        assert "(none)" in shown["content"]


@pytest.mark.parametrize("values", [["4"], [], ["7", "6.1"], "7", None, [7]])
@pytest.mark.asyncio
async def test_the_select_takes_one_of_its_versions_only(values: object) -> None:
    async with running() as simulator, client(simulator) as one:
        shown = await panel(one)
        place = {"message_id": shown["id"], "message_flags": 64}
        data = {"component_type": 3, "custom_id": "MJ::Settings::VersionSelector"}
        status, body = await one.interact(3, {**data, "values": values}, **place)

        assert (status, body["code"]) == (400, 50035)


@pytest.mark.asyncio
async def test_the_chosen_version_decides_over_the_upscales() -> None:
    async with running() as simulator, client(simulator) as one:
        shown = await panel(one)
        place = {"message_id": shown["id"], "message_flags": 64}
        data = {"component_type": 3, "type": 3, "values": ["6.1"]}
        data["custom_id"] = "MJ::Settings::VersionSelector"
        await one.interact(3, data, **place)
        changed = await one.event(
            "MESSAGE_UPDATE", lambda d: d["components"] and version(d) == "6.1"
        )
        picture = await single(one, "a red fox")

        assert changed["id"] == shown["id"]
        assert "v6r1" in button(picture, "Upscale (Subtle)")


@pytest.mark.asyncio
async def test_each_bot_has_its_own_panel() -> None:
    async with running() as simulator, client(simulator) as one:
        niji = await panel(one, NIJI)
        niji = await pressed(one, niji, "Remix mode", NIJI)
        niji = await pressed(one, niji, "Stylize low", NIJI)
        mine = await panel(one)

        assert {"Remix mode", "Stylize low"} <= lit(niji)
        assert lit(mine) == FRESH
        assert (version(niji), version(mine)) == ("niji 6", "7")
        with pytest.raises(AssertionError):
            button(niji, "Turbo mode")


@pytest.mark.asyncio
async def test_a_panel_belongs_to_its_session() -> None:
    async with (
        running() as simulator,
        client(simulator) as one,
        client(simulator) as two,
    ):
        shown = await panel(one)
        data = {"component_type": 2, "custom_id": button(shown, "Remix mode")}
        place = {"message_id": shown["id"], "message_flags": 64}
        status, body = await two.interact(3, data, **place)
        public, _ = await one.interact(3, data, **{**place, "message_flags": 0})
        other, _ = await one.interact(3, data, **place, application_id=NIJI)

        assert (status, body["code"]) == (404, 10008)
        assert (public, other) == (404, 404)


@pytest.mark.parametrize("form", ["loading", "message"])
@pytest.mark.asyncio
async def test_prefer_remix_switches_and_says_so(form: str) -> None:
    options = {"reply_form": form}
    async with running(knobs=options) as simulator, client(simulator) as one:

        async def said(words: str) -> Json:
            data = {"id": PREFER[0], "version": PREFER[1], "name": "prefer", "type": 1}
            remix = {"type": 1, "name": "remix", "options": []}
            await one.interact(2, {**data, "options": [remix]})
            name = "MESSAGE_UPDATE" if form == "loading" else "MESSAGE_CREATE"
            return await one.event(name, lambda d: words in d["content"])

        first = await said("Remix mode turned on!")
        assert first["interaction_metadata"]["name"] == "prefer remix"
        assert first["flags"] == 64
        assert "Remix mode" in lit(await panel_of(one, form))
        await said("Remix mode turned off!")


async def panel_of(one: Client, form: str) -> Json:
    key = SETTINGS[MIDJOURNEY]
    data = {"id": key[0], "version": key[1], "name": "settings", "type": 1}
    await one.interact(2, {**data, "options": []})
    name = "MESSAGE_UPDATE" if form == "loading" else "MESSAGE_CREATE"
    return await one.event(name, lambda d: bool(d["components"]))


@pytest.mark.asyncio
async def test_the_panel_opens_windows_and_the_variation_mode_is_in_them() -> None:
    async with running() as simulator, client(simulator) as one:
        shown = await pressed(one, await panel(one), "Remix mode")
        await pressed(one, shown, "Low Variation Mode")
        window = await opened(one, await grid(one), "V4")

        assert window["custom_id"].endswith("::4::0")


@pytest.mark.parametrize("name", MODES)
@pytest.mark.asyncio
async def test_modes_and_visibility_show_in_results(name: str) -> None:
    async with running() as simulator, client(simulator) as one:
        told = await command(one, name, MODES[name])
        await one.imagine("a red fox")
        final = await result(one, "a red fox")

        assert told["content"].startswith("Done!")
        assert told["flags"] == 64
        hidden = name in ("stealth", "private")
        speed = {"relax": "relaxed", "turbo": "turbo"}.get(name, "fast")
        assert final["content"].endswith(f"({speed}{', stealth' if hidden else ''})")


@pytest.mark.asyncio
async def test_a_suffix_comes_and_goes() -> None:
    async with running() as simulator, client(simulator) as one:
        value = {"type": 3, "name": "new_value", "value": "--q 2"}
        told = await prefer(one, "suffix", value)
        final = await grid(one, "a red fox")
        shown = await panel(one)
        gone = await prefer(one, "suffix")

        assert told["interaction_metadata"]["name"] == "prefer suffix"
        assert "--q 2" in told["content"]
        assert final["content"].startswith("**a red fox --q 2** - ")
        assert "**Current suffix**: --q 2" in shown["content"]
        assert "removed" in gone["content"]


@pytest.mark.parametrize("name", ["auto_dm", "variability"])
@pytest.mark.asyncio
async def test_other_preferences_switch(name: str) -> None:
    async with running() as simulator, client(simulator) as one:
        texts = [(await prefer(one, name))["content"] for _ in range(3)]

        assert texts[0] == texts[2] != texts[1]


@pytest.mark.asyncio
async def test_custom_options_are_kept() -> None:
    async with running() as simulator, client(simulator) as one:

        async def option(name: str, **values: str) -> str:
            inner = [{"type": 3, "name": k, "value": v} for k, v in values.items()]
            chosen = {"type": 1, "name": name, "options": inner}
            group = {"type": 2, "name": "option", "options": [chosen]}
            told = await command(one, "prefer", PREFER, group)
            assert told["interaction_metadata"]["name"] == f"prefer option {name}"
            return str(told["content"])

        await option("set", option="mine", value="--ar 7:4")
        assert "`mine`: `--ar 7:4`" in await option("list")
        await option("set", option="mine")
        assert "(none)" in await option("list")
