"""Settings panel: a select and buttons, each of which changes the panel itself."""

import re
from dataclasses import dataclass, replace
from typing import Any

from gateway.simulator.base.constants import MIDJOURNEY, NIJI
from gateway.simulator.base.wire import Json
from gateway.simulator.jobs.drawing import Tools
from gateway.simulator.state.interactions import Interaction
from gateway.simulator.state.preferences import Preferences
from gateway.simulator.state.shapes import button, rows

SELECTOR = "VersionSelector"
PREFIX = "MJ::Settings::"
ON, OFF = 3, 2  # button styles

VERSIONS = {
    MIDJOURNEY: {
        "7": "Midjourney Model V7",
        "6.1": "Midjourney Model V6.1",
        "6": "Midjourney Model V6",
        "5": "Midjourney Model V5",
        "niji 6": "Niji Model V6",
    },
    NIJI: {"niji 6": "Niji Model V6", "niji 5": "Niji Model V5"},
}


@dataclass(frozen=True)
class Control:
    """A button of the panel that is on while `field` equals `value`.

    A press sets `field` to `value`. A press while it is on sets `back`, unless that is
    None. A `shared` control changes the account, another one the preferences with one
    bot.
    """

    name: str
    label: str
    field: str
    value: Any = True
    back: Any = None
    name_on: str = ""  # its name while it is on, if another
    shared: bool = False

    def is_on(self, state: "State") -> bool:
        return bool(state.get(self) == self.value)

    def press(self, state: "State") -> None:
        turn_back = self.is_on(state) and self.back is not None
        state.put(self, self.back if turn_back else self.value)

    def draw(self, state: "State") -> Json:
        on = self.is_on(state)
        name = self.name_on if on and self.name_on else self.name
        return button(PREFIX + name, self.label, style=ON if on else OFF)


PUBLIC = Control(
    "PrivateMode::off", "Public mode", "stealth", False, True, "PrivateMode::on", True
)
RELAX = Control(
    "RelaxMode::on", "Relax mode", "mode", "relax", "fast", "RelaxMode::off", True
)
RAW = Control("Style::raw", "RAW Mode", "raw", back=False)
PERSONAL = Control("Personalization", "Personalization", "personalization", back=False)
REMIX = Control("RemixMode", "Remix mode", "remix", back=False)
FAST = Control("FastMode", "Fast mode", "mode", "fast", shared=True)
TURBO = Control("TurboMode", "Turbo mode", "mode", "turbo", shared=True)
STYLIZE = tuple(
    Control(f"Stylization::{number}", f"Stylize {word}", "stylize", number)
    for number, word in ((50, "low"), (100, "med"), (250, "high"), (750, "very high"))
)
VARIATION = (
    Control("HighVariabilityMode::1", "High Variation Mode", "high_variation"),
    Control("HighVariabilityMode::0", "Low Variation Mode", "high_variation", False),
)
ROWS = {
    MIDJOURNEY: (
        (RAW, PERSONAL, PUBLIC, REMIX),
        STYLIZE,
        (*VARIATION, TURBO, FAST, RELAX),
    ),
    NIJI: ((RAW, PUBLIC, REMIX), STYLIZE, (*VARIATION, FAST, RELAX)),
}


class State:
    """State of a panel: a user's choices with one bot, and the account's own."""

    def __init__(self, ix: Interaction) -> None:
        self.ix = ix
        versions = VERSIONS[ix.application_id]
        version = ix.preferences.version or ix.knobs.version
        self.chosen = replace(
            ix.preferences,
            remix=ix.remix,
            version=version if version in versions else next(iter(versions)),
        )

    def get(self, control: Control) -> Any:
        holder = self.ix.account if control.shared else self.chosen
        return getattr(holder, control.field)

    def put(self, control: Control, value: Any) -> None:
        holder = self.ix.account if control.shared else self.chosen
        setattr(holder, control.field, value)

    def keep(self) -> None:
        self.ix.account.preferences[self.ix.application_id] = self.chosen


async def settings(tools: Tools, ix: Interaction) -> None:
    """Show the settings panel."""
    await tools.replies.ephemeral(ix, **_drawn(ix))


async def press(tools: Tools, ix: Interaction, found: re.Match[str]) -> None:
    """Apply a press of one of the panel's controls, and redraw the panel."""
    state, name = State(ix), found["control"]
    if name == SELECTOR:
        state.chosen.version = str(ix.data["values"][0])
    elif name != "Reset":
        controls = [control for row in ROWS[ix.application_id] for control in row]
        next(c for c in controls if name in (c.name, c.name_on)).press(state)
    else:
        state.chosen, ix.account.suffix = Preferences(), ""
    state.keep()
    if ix.message is not None:
        tools.posts.update(ix.message, ix, phase="press", **_drawn(ix))
    tools.replies.success(ix)


def _drawn(ix: Interaction) -> Json:
    suffix = ix.account.suffix or "(none)"
    text = f"Adjust your settings here.\n**Current suffix**: {suffix}"
    return {"content": text, "components": _components(State(ix))}


def _components(state: State) -> list[Json]:
    first, *others = ROWS[state.ix.application_id]
    drawn = [[control.draw(state) for control in row] for row in (first, *others)]
    drawn[0].append(button(f"{PREFIX}Reset", "Reset Settings"))
    return rows([_selector(state)], *drawn)


def _selector(state: State) -> Json:
    versions = VERSIONS[state.ix.application_id]
    return {
        "type": 3,
        "custom_id": PREFIX + SELECTOR,
        "min_values": 1,
        "max_values": 1,
        "options": [
            {"label": label, "value": value, "default": value == state.chosen.version}
            for value, label in versions.items()
        ],
    }
