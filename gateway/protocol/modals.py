"""Read the windows and pages that a button opens (docs/protocol.md, windows)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from gateway.protocol.constants import ComponentType
from gateway.protocol.shapes import Component

MAX_DEPTH = 8


@dataclass(frozen=True)
class Modal:
    """An opened window as its event describes it; a page has no text field."""

    interaction_id: str
    window_id: str
    text_field: str
    value: str
    max_length: int = 0  # characters of the text; 0: not given


def read(data: Mapping[str, Any]) -> Modal:
    """Return the window in an event's data.

    Fields of an unknown shape are left empty.
    """
    entry = _text_input(data.get("components"), MAX_DEPTH) or Component()
    return Modal(
        interaction_id=_text(data.get("id")),
        window_id=_text(data.get("custom_id")),
        text_field=_text(entry.get("custom_id")),
        value=_text(entry.get("value")),
        max_length=_number(entry.get("max_length")),
    )


def _text_input(node: Any, depth: int) -> Component | None:
    """Return the first text field in a tree of components, in any wrapping."""
    if depth < 0:
        return None
    if isinstance(node, list):
        found = (_text_input(child, depth) for child in node)
        return next((entry for entry in found if entry), None)
    if not isinstance(node, dict):
        return None
    if node.get("type") == ComponentType.TEXT_INPUT:
        return cast("Component", node)
    inner = _text_input(node.get("components"), depth - 1)
    return inner or _text_input(node.get("component"), depth - 1)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> int:
    return value if type(value) is int and value > 0 else 0
