"""Windows that buttons open: their table and their form on the wire.

A row of `bot.BUTTONS` names its window as the third value; `opener` does the rest. The
button's function runs when the window is submitted, with the new prompt in
`Interaction.written`. If no window opens, it runs at once and `written` is None.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from gateway.simulator.base.wire import Json
from gateway.simulator.jobs.drawing import Tools
from gateway.simulator.state.interactions import Interaction
from gateway.simulator.windows import prefills

LONGEST = 4000  # characters of a text input

Prefill = Callable[[Tools, Interaction, re.Match[str]], str]


@dataclass(frozen=True)
class Window:
    """A window with one text input.

    `custom_id` is a template. Its fields are the groups of the button's pattern,
    `message` (its id) and `high` (1 in High Variation Mode). With `recalls`, a button
    whose job came from a window takes that window's custom id.
    """

    custom_id: str
    title: str
    prefill: Prefill = prefills.parent
    always: bool = False  # false: only with remix mode on
    recalls: bool = False
    label: str = "New Prompt"


@dataclass(frozen=True)
class Page:
    """A web page in a frame, shown instead of a window."""

    path: str
    title: str
    size: int = 3
    always: bool = True


# The text input of each kind of window, by the second word of the window's custom id.
FIELDS = {
    "RemixModal": "MJ::RemixModal::new_prompt",
    "ImagineModal": "MJ::ImagineModal::new_prompt",
    "OutpaintCustomZoomModal": "MJ::OutpaintCustomZoomModal::prompt",
    "PanModal": "MJ::PanModal::prompt",
    "Picreader": "MJ::Picreader::Modal::PromptField",
    "AnimateModal": "MJ::AnimateModal::prompt",
}
RECALLED = ("MJ::RemixModal::", "MJ::PanModal::")

REMIX = Window("MJ::RemixModal::{uuid}::{index}::{high}", "Remix Prompt")
REMIX_STRONG = Window("MJ::RemixModal::{uuid}::1::1", "Remix Prompt")
REMIX_SUBTLE = Window("MJ::RemixModal::{uuid}::1::0", "Remix Prompt")
REROLL = Window("MJ::ImagineModal::{message}", "Imagine Prompt", recalls=True)
PAN = Window("MJ::PanModal::{way}::{uuid}::1", "Pan Prompt")
CUSTOM_ZOOM = Window(
    "MJ::OutpaintCustomZoomModal::{uuid}",
    "Zoom Out",
    prefills.zoom,
    always=True,
    label="Prompt",
)
PIC_READER = Window(
    "MJ::Picreader::Modal::{index}", "Imagine This!", prefills.option, always=True
)
PROMPT_ANALYZER = Window(
    "MJ::ImagineModal::{message}", "Imagine Prompt", prefills.option, always=True
)
ANIMATE = Window(
    "MJ::AnimateModal::{uuid}::{index}::{motion}::0", "Animate Prompt", prefills.motion
)
EXTEND = Window(
    "MJ::AnimateModal::{uuid}::{index}::{motion}::1", "Animate Prompt", prefills.motion
)
INPAINT = Page("inpaint/index.html", "Inpaint")
CHALLENGE = Page("captcha/embedded/index.html", "Action required to continue", size=2)


@dataclass(frozen=True)
class Form:
    """A window as it opens for one click, with its fields filled."""

    custom_id: str
    title: str
    label: str
    value: str

    @property
    def field_id(self) -> str:
        return FIELDS[self.custom_id.split("::")[1]]

    def components(self, wrap: str, longest: int = LONGEST) -> list[Json]:
        """Return the text input in a label, if `wrap` is `label`, or an action row."""
        text: Json = {
            "type": 4,
            "id": 2,
            "custom_id": self.field_id,
            "style": 2,
            "value": self.value,
            "min_length": 0,
            "max_length": longest,
            "required": True,
        }
        if wrap == "label":
            return [{"type": 18, "id": 1, "label": self.label, "component": text}]
        text["label"] = self.label
        return [{"type": 1, "id": 1, "components": [text]}]


def form(window: Window, tools: Tools, ix: Interaction, found: re.Match[str]) -> Form:
    """Return the window that this click opens, with its text filled in."""
    groups = found.groupdict()
    parent = tools.job(groups.get("uuid") or "")
    if window.recalls and parent is not None and parent.window.startswith(RECALLED):
        custom_id = parent.window
    else:
        custom_id = window.custom_id.format(
            **groups,
            message=ix.message.id if ix.message else "",
            high=int(ix.preferences.high_variation),
        )
    value = window.prefill(tools, ix, found)[: ix.knobs.window_limit]
    return Form(custom_id, window.title, window.label, value)


def text_inputs(components: object) -> dict[str, str]:
    """Return the text inputs anywhere in submitted components.

    The result maps custom ids to values.
    """
    found: dict[str, str] = {}
    for item in components if isinstance(components, list) else [components]:
        if not isinstance(item, dict):
            continue
        if item.get("type") == 4:
            found[str(item.get("custom_id"))] = str(item.get("value") or "")
        for inner in ("components", "component"):
            found.update(text_inputs(item.get(inner)))
    return found
