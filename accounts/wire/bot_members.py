"""SNAPSHOT_MEMBERS: the members of an account that /info and /settings fill."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypedDict

from accounts.models import BotSnapshot
from accounts.wire.member import (
    FLAG,
    OBJECT,
    OBJECTS,
    OBJECTS_OR_NULL,
    TEXT,
    TIME,
    Member,
    Seen,
)

_BUTTON, _SELECT = 2, 3  # component types of Discord
_REMAINS: Final = {
    "fastTimeRemaining": "Fast Time Remaining",
    "relaxedUsage": "Relaxed Usage",
    "turboUsage": "Turbo Usage",
    "fastUsage": "Fast Usage",
    "lifetimeUsage": "Lifetime Usage",
}


class Button(TypedDict):
    """A button or an option in the form of a task's buttons."""

    customId: str
    emoji: str
    label: str
    style: int | None
    type: int


def _is_fast(snapshot: BotSnapshot) -> bool:
    return bool(snapshot.switches.get("Fast mode", False))


def _remains(line: str) -> Callable[[Seen], str]:
    def look(seen: Seen) -> str:
        return str(seen.mj.properties.get(line, seen.niji.properties.get(line, "")))

    return look


# Filled from /info and /settings; only operators see them.
SNAPSHOT_MEMBERS: Final = (
    Member(
        "properties",
        OBJECT,
        look=lambda it: _properties(it.mj, it.niji),
        help_text="The lines of /info.",
    ),
    Member(
        "components",
        OBJECTS,
        look=lambda it: it.mj.components,
        help_text="The panel of /settings as Discord sent it.",
    ),
    Member("nijiComponents", OBJECTS, look=lambda it: it.niji.components),
    Member("settingsMessageId", TEXT, look=lambda it: it.mj.message_id),
    Member("nijiSettingsMessageId", TEXT, look=lambda it: it.niji.message_id),
    Member("buttons", OBJECTS, look=lambda it: buttons_of(it.mj)),
    Member("nijiButtons", OBJECTS, look=lambda it: buttons_of(it.niji)),
    Member(
        "versionSelector", OBJECTS_OR_NULL, look=lambda it: versions_of(it.mj) or None
    ),
    Member("version", TEXT, look=lambda it: it.mj.version),
    Member("mjFastModeOn", FLAG, look=lambda it: _is_fast(it.mj)),
    Member("nijiFastModeOn", FLAG, look=lambda it: _is_fast(it.niji)),
    Member(
        "infoUpdated", TIME, look=lambda it: _time(it.mj.info_at or it.niji.info_at)
    ),
    Member(
        "settingsUpdated",
        TIME,
        look=lambda it: _time(it.mj.settings_at or it.niji.settings_at),
    ),
    Member(
        "syncError",
        TEXT,
        look=lambda it: it.mj.error or it.niji.error,
        help_text="The error of the last query.",
    ),
    Member("displays", OBJECT, look=lambda it: _displays(it.mj, it.niji)),
    *(Member(name, TEXT, look=_remains(line)) for name, line in _REMAINS.items()),
)


def _properties(mj: BotSnapshot, niji: BotSnapshot) -> dict[str, object]:
    shown = {**niji.properties, **mj.properties}
    if mode := niji.properties.get("Job Mode"):
        shown["Niji Job Mode"] = mode
    return shown


def _displays(mj: BotSnapshot, niji: BotSnapshot) -> dict[str, str]:
    told = mj if mj.plan else niji
    shown = {"mode": mj.job_mode, "nijiMode": niji.job_mode}
    if told.plan and told.plan_until:
        said = str(told.properties.get("Subscription", ""))
        shown |= {
            "subscribePlan": told.plan,
            "billedWay": said.partition("(")[2].partition(",")[0],
            "renewDate": f"{told.plan_until.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        }
    return shown


def buttons_of(snapshot: BotSnapshot) -> list[Button]:
    """Return the buttons of a bot's settings, in the form of a task's buttons."""
    return [
        {
            "customId": node["custom_id"],
            "emoji": _emoji(node),
            "label": str(node.get("label") or ""),
            "style": node.get("style"),
            "type": _BUTTON,
        }
        for node in _walk(snapshot.components)
        if node.get("type") == _BUTTON and isinstance(node.get("custom_id"), str)
    ]


def versions_of(snapshot: BotSnapshot) -> list[Button]:
    """Return the options of the version selector; `customId` is the option's value."""
    return [
        {
            "customId": option["value"],
            "emoji": _emoji(option),
            "label": str(option.get("label") or ""),
            "style": 0,
            "type": 0,
        }
        for node in _walk(snapshot.components)
        if node.get("type") == _SELECT and isinstance(node.get("options"), list)
        for option in node["options"]
        if isinstance(option, dict) and isinstance(option.get("value"), str)
    ]


def _walk(tree: Any) -> Iterator[Mapping[str, Any]]:
    for node in tree if isinstance(tree, list) else ():
        if isinstance(node, dict):
            yield node
            yield from _walk(node.get("components"))


def _emoji(node: Mapping[str, object]) -> str:
    emoji = node.get("emoji")
    return str(emoji.get("name") or "") if isinstance(emoji, dict) else ""


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
