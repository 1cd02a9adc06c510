"""Read the answer to /settings (docs/protocol.md, account state).

Controls are found by their label.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

from gateway.protocol.constants import ButtonStyle, ComponentType
from gateway.protocol.messages import Message
from gateway.protocol.shapes import Button, Component, SelectOption

REMIX: Final = "Remix mode"
_SUFFIX: Final = re.compile(r"\*\*Current suffix\*\*:\s*(.*)")
_REMIX_NOW: Final = re.compile(r"^Remix mode turned (on|off)\b", re.IGNORECASE)
DEEPEST: Final = 6
MOST_ROWS: Final = 40


@dataclass(frozen=True)
class Panel:
    """The settings panel: its components as Discord sent them, and the suffix."""

    components: list[Component]
    suffix: str

    @property
    def version(self) -> str:
        """The chosen value of the first select, or ""."""
        for node in walk(self.components):
            if node.get("type") == ComponentType.SELECT:
                return next(
                    (o["value"][:40] for o in options(node) if o.get("default")), ""
                )
        return ""

    @property
    def switches(self) -> dict[str, bool]:
        """Label of each button, with True if it is on."""
        return {
            node["label"][:80]: node.get("style") == ButtonStyle.SUCCESS
            for node in walk(self.components)
            if node.get("type") == ComponentType.BUTTON
            and isinstance(node.get("label"), str)
        }

    @property
    def remix_on(self) -> bool | None:
        return self.switches.get(REMIX)


def read(message: Message) -> Panel | None:
    """Return the panel in a message, or None without a select and buttons."""
    raw: Any = message.raw.get("components")
    rows = raw if isinstance(raw, list) else []
    tree = [cast("Component", row) for row in rows if isinstance(row, dict)]
    kinds = {node.get("type") for node in walk(tree)}
    if not {ComponentType.SELECT, ComponentType.BUTTON} <= kinds:
        return None
    found = _SUFFIX.search(message.text)
    suffix = found[1].strip().replace("\x00", "")[:1000] if found else ""
    return Panel(tree[:MOST_ROWS], "" if suffix == "(none)" else suffix)


def remix_of(text: str) -> bool | None:
    """Return whether an answer to `/prefer remix` says on; None for other texts."""
    found = _REMIX_NOW.match(text.strip())
    return found[1].lower() == "on" if found else None


def walk(tree: Any, depth: int = 0) -> Iterator[Component]:
    if not isinstance(tree, list) or depth > DEEPEST:
        return
    for node in tree:
        if isinstance(node, dict):
            yield cast("Component", node)
            yield from walk(node.get("components"), depth + 1)


def options(select: Component) -> list[SelectOption]:
    """Return a select's options that have a value."""
    listed: Any = select.get("options")
    return [
        cast("SelectOption", option)
        for option in (listed if isinstance(listed, list) else [])
        if isinstance(option, dict) and isinstance(option.get("value"), str)
    ]


def button_of(tree: Any, custom_id: str) -> Button | None:
    """Return the button with this custom id, or None."""
    return next(
        (
            node
            for node in walk(tree)
            if node.get("type") == ComponentType.BUTTON
            and node.get("custom_id") == custom_id
        ),
        None,
    )


def select_with(tree: Any, value: str) -> str:
    """Return the custom id of the select that offers a value, or ""."""
    for node in walk(tree):
        if node.get("type") == ComponentType.SELECT and value in {
            option["value"] for option in options(node)
        }:
            custom_id = node.get("custom_id")
            return custom_id if isinstance(custom_id, str) else ""
    return ""
