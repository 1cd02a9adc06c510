"""The bots' private answers as the tests write them."""

from __future__ import annotations

from typing import Any

from tests.gateway import wire

SELECTOR, REMIX, RELAX = "S::VersionSelector", "S::RemixMode", "S::RelaxMode::on"
PANEL = "1311111111111117000"


def settings(*, version: str = "7", on: tuple[str, ...] = ("Fast mode",)) -> list[Any]:
    """The components of a settings panel; `on` names the buttons that are on."""

    def button(custom_id: str, label: str) -> wire.Json:
        return wire.button(custom_id, label, style=3 if label in on else 2)

    options = [
        {"label": f"Model V{value}", "value": value, "default": value == version}
        for value in ("7", "6.1", "niji 6")
    ]
    select = {"type": 3, "custom_id": SELECTOR, "options": options}
    return [
        *wire.rows(select),
        *wire.rows(button(REMIX, "Remix mode"), button(RELAX, "Relax mode")),
        *wire.rows(button("S::FastMode", "Fast mode")),
    ]


def panel(message_id: str = PANEL, **fields: Any) -> wire.Json:
    text = "Adjust your settings here.\n**Current suffix**: (none)"
    fields = {"components": settings(), **fields}
    return wire.message(message_id, text, type=20, **{"flags": 64, **fields})


def info(
    message_id: str = "1311111111111117001",
    *,
    hours: str = "14.21/15.0 hours (94.73%)",
    plan: str = "Standard (Active monthly, renews next on <t:1893456000>)",
    **fields: Any,
) -> wire.Json:
    text = (
        f"**Subscription**: {plan}\n**Job Mode**: Fast\n"
        f"**Fast Time Remaining**: {hours}"
    )
    embed = {"type": "rich", "title": "Your info - us", "description": text}
    return wire.message(message_id, embeds=[embed], **{"flags": 64, **fields})
