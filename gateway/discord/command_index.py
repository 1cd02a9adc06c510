"""Keep the command index: ids and versions of commands as Discord lists them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.utils import timezone

from accounts.enums import BotType
from gateway.models import CommandIndex
from gateway.protocol.constants import BOT_IDS, MIDJOURNEY_APP, NIJI_APP, CommandType
from gateway.protocol.shapes import Command
from tasks.ports import OPTION_LIMIT

CACHED: Final = 10.0  # seconds; a stale command is read again at once
LIMITS_CACHED: Final = 60.0  # seconds; every submit reads them, they seldom change
_cache: dict[int, tuple[float, list[Command]]] = {}
_longest: dict[tuple[str, str], tuple[float, int]] = {}


class UnknownCommand(Exception):
    """Discord lists no such command in the account's server."""


def save_index(account_id: int, commands: Iterable[Mapping[str, Any]]) -> None:
    """Save the bots' commands, with the fields that sending needs."""
    kept = [
        {
            key: command[key]
            for key in ("id", "version", "name", "type", "application_id")
        }
        | _limits(command)
        for command in commands
        if command.get("application_id") in BOT_IDS and command.get("version")
    ]
    _cache.pop(account_id, None)
    _longest.clear()
    CommandIndex.objects.update_or_create(
        account_id=account_id,
        defaults={"commands": kept, "fetched_at": timezone.now()},
    )


def _limits(command: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Return the longest length of each option, if Discord gives one."""
    options = command.get("options")
    named = {
        str(option.get("name")): option["max_length"]
        for option in (options if isinstance(options, list) else [])
        if isinstance(option, dict)
        and type(option.get("max_length")) is int  # not True, which is an int too
        and option["max_length"] > 0
    }
    return {"longest": named} if named else {}


def longest(command: Command, option: str) -> int:
    """Return the most characters that an option of a kept command may have."""
    return command.get("longest", {}).get(option, OPTION_LIMIT)


def longest_known(bot_type: str, name: str) -> int:
    """Return the limit of a command's prompt in the newest index of all accounts."""
    key = bot_type, name
    read_at, found = _longest.get(key, (-LIMITS_CACHED, 0))
    if time.monotonic() - read_at < LIMITS_CACHED:
        return found
    found = _read_longest(bot_type, name)
    _longest[key] = time.monotonic(), found
    return found


def _read_longest(bot_type: str, name: str) -> int:
    app = NIJI_APP if bot_type == BotType.NIJI_JOURNEY else MIDJOURNEY_APP
    row = CommandIndex.objects.order_by("-fetched_at").first()
    for command in row.commands if row else []:
        same = command["application_id"], command["name"], command["type"]
        if same == (app, name, CommandType.CHAT):
            return longest(command, "prompt")
    return OPTION_LIMIT


def _commands(account_id: int) -> list[Command]:
    """Return the kept index; it is read again after 10 s, or after `save_index`."""
    read_at, commands = _cache.get(account_id, (-CACHED, []))
    if time.monotonic() - read_at < CACHED and commands:
        return commands
    row = CommandIndex.objects.filter(account_id=account_id).first()
    commands = row.commands if row else []
    _cache[account_id] = time.monotonic(), commands
    return commands


def has_index(account_id: int) -> bool:
    return CommandIndex.objects.filter(account_id=account_id).exists()


def find_command(
    account_id: int, application_id: str, name: str, *, kind: int = 1
) -> Command:
    """Return a command's entry in the index. Raises UnknownCommand."""
    for command in _commands(account_id):
        same = (command["application_id"], command["name"], command["type"])
        if same == (application_id, name, kind):
            return command
    raise UnknownCommand(name)
