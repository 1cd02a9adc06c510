"""What the bots told of an account, in the members that clients know."""

# ruff: noqa: N815 - names on the wire are not ours

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from rest_framework import serializers

from accounts.enums import BotType
from accounts.models import BotSnapshot, DiscordAccount
from accounts.snapshots import snapshots_of

_BUTTON, _SELECT = 2, 3  # kinds of a component
_PLAIN: Final = {"style": 0, "type": 0}
_REMAINS: Final = {
    "fastTimeRemaining": "Fast Time Remaining",
    "relaxedUsage": "Relaxed Usage",
    "turboUsage": "Turbo Usage",
    "fastUsage": "Fast Usage",
    "lifetimeUsage": "Lifetime Usage",
}


class SnapshotSerializer(serializers.Serializer[Any]):
    """Members that come from /info and /settings; operators see them."""

    properties = serializers.DictField(required=False, help_text="/info, as said.")
    components = serializers.ListField(
        child=serializers.DictField(), required=False, help_text="/settings, as sent."
    )
    nijiComponents = serializers.ListField(
        child=serializers.DictField(), required=False
    )
    settingsMessageId = serializers.CharField(required=False)
    nijiSettingsMessageId = serializers.CharField(required=False)
    buttons = serializers.ListField(child=serializers.DictField(), required=False)
    nijiButtons = serializers.ListField(child=serializers.DictField(), required=False)
    versionSelector = serializers.ListField(
        child=serializers.DictField(), required=False, allow_null=True
    )
    version = serializers.CharField(required=False)
    mjFastModeOn = serializers.BooleanField(required=False)
    nijiFastModeOn = serializers.BooleanField(required=False)
    infoUpdated = serializers.DateTimeField(required=False, allow_null=True)
    settingsUpdated = serializers.DateTimeField(required=False, allow_null=True)
    syncError = serializers.CharField(required=False, help_text="What failed last.")
    displays = serializers.DictField(required=False)
    fastTimeRemaining = serializers.CharField(required=False)
    relaxedUsage = serializers.CharField(required=False)
    turboUsage = serializers.CharField(required=False)
    fastUsage = serializers.CharField(required=False)
    lifetimeUsage = serializers.CharField(required=False)


def snapshot_members(account: DiscordAccount) -> dict[str, Any]:
    """Return the members of an account that come from /info and /settings.

    Reads `account.snapshots`: prefetch them for a list.
    """
    rows = snapshots_of(account)
    mj = rows.get(BotType.MID_JOURNEY) or BotSnapshot()
    niji = rows.get(BotType.NIJI_JOURNEY) or BotSnapshot()
    return {
        "properties": _properties(mj, niji),
        "components": mj.components,
        "nijiComponents": niji.components,
        "settingsMessageId": mj.message_id,
        "nijiSettingsMessageId": niji.message_id,
        "buttons": buttons_of(mj),
        "nijiButtons": buttons_of(niji),
        "versionSelector": versions_of(mj) or None,
        "version": mj.version,
        "mjFastModeOn": mj.switches.get("Fast mode", False),
        "nijiFastModeOn": niji.switches.get("Fast mode", False),
        "infoUpdated": _time(mj.info_at or niji.info_at),
        "settingsUpdated": _time(mj.settings_at or niji.settings_at),
        "syncError": mj.error or niji.error,
        "displays": _displays(mj, niji),
        **{
            name: mj.properties.get(line, niji.properties.get(line, ""))
            for name, line in _REMAINS.items()
        },
    }


def _properties(mj: BotSnapshot, niji: BotSnapshot) -> dict[str, Any]:
    shown = {**niji.properties, **mj.properties}
    if mode := niji.properties.get("Job Mode"):
        shown["Niji Job Mode"] = mode
    return shown


def _displays(mj: BotSnapshot, niji: BotSnapshot) -> dict[str, Any]:
    told = mj if mj.plan else niji
    shown: dict[str, Any] = {"mode": mj.job_mode, "nijiMode": niji.job_mode}
    if told.plan and told.plan_until:
        said = str(told.properties.get("Subscription", ""))
        shown |= {
            "subscribePlan": told.plan,
            "billedWay": said.partition("(")[2].partition(",")[0],
            "renewDate": f"{told.plan_until.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        }
    return shown


def buttons_of(snapshot: BotSnapshot) -> list[dict[str, Any]]:
    """Return the settings' buttons in the form of a task's buttons."""
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


def versions_of(snapshot: BotSnapshot) -> list[dict[str, Any]]:
    """Return what the version selector offers; `customId` is the value to choose."""
    return [
        {
            "customId": option["value"],
            "emoji": _emoji(option),
            "label": str(option.get("label") or ""),
            **_PLAIN,
        }
        for node in _walk(snapshot.components)
        if node.get("type") == _SELECT and isinstance(node.get("options"), list)
        for option in node["options"]
        if isinstance(option, dict) and isinstance(option.get("value"), str)
    ]


def _walk(tree: Any) -> Iterator[dict[str, Any]]:
    for node in tree if isinstance(tree, list) else ():
        if isinstance(node, dict):
            yield node
            yield from _walk(node.get("components"))


def _emoji(node: dict[str, Any]) -> str:
    emoji = node.get("emoji")
    return str(emoji.get("name") or "") if isinstance(emoji, dict) else ""


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
