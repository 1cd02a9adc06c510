"""Read the accounts in the settings file of the Java line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import yaml

from accounts.exceptions import InvalidField

MOST_BYTES: Final = 1_000_000
MOST_ACCOUNTS: Final = 5000
# Its names, which may be written in any of the ways that Spring takes.
_MEMBERS: Final = {
    "guildid": "guildId",
    "channelid": "channelId",
    "usertoken": "userToken",
    "useragent": "userAgent",
    "coresize": "coreSize",
    "queuesize": "maxQueueSize",
    "timeoutminutes": "timeoutMinutes",
}
_TEXTS: Final = frozenset({"guildId", "channelId", "userToken", "userAgent"})


class _Loader(yaml.SafeLoader):
    """Reads plain values only, and follows no alias: a few would grow to millions."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("aliases are not read")
        return super().compose_node(parent, index)


def accounts_in(data: bytes) -> list[dict[str, object]]:
    """Return the accounts of a file in the form of the API. Raises InvalidField."""
    if len(data) > MOST_BYTES:
        raise _wrong(f"larger than {MOST_BYTES} bytes")
    try:
        told = _Loader(data).get_single_data()
    except (yaml.YAMLError, ValueError, RecursionError) as exc:
        raise _wrong("no YAML that can be read") from exc
    mj = _plain(told.get("mj")) if isinstance(told, Mapping) else {}
    listed = mj.get("accounts")
    rows = listed if isinstance(listed, list) else [mj.get("discord")]
    found = [_account(row) for row in rows if isinstance(row, Mapping)]
    if not found or len(found) > MOST_ACCOUNTS:
        raise _wrong("it has no accounts below mj, or too many")
    return found


def _account(row: Mapping[Any, Any]) -> dict[str, object]:
    plain = _plain(row)
    found = {name: plain[key] for key, name in _MEMBERS.items() if key in plain}
    return {k: str(v) if k in _TEXTS else v for k, v in found.items()}


def _plain(row: Any) -> dict[str, Any]:
    """Return the members of an object by their names in small letters alone."""
    if not isinstance(row, Mapping):
        return {}
    return {re.sub(r"[-_]", "", str(key)).lower(): row[key] for key in row}


def _wrong(why: str) -> InvalidField:
    return InvalidField(f"配置文件错误: {why}", f"The settings file: {why}")
