"""The command index: ids and versions as Discord lists them now."""

from __future__ import annotations

import time
from typing import Any, Final

from django.utils import timezone

from gateway.models import CommandIndex
from gateway.protocol.constants import BOT_IDS

CACHED: Final = 10.0  # seconds; what Discord finds stale is read anew at once
_cache: dict[int, tuple[float, list[dict[str, Any]]]] = {}


class UnknownCommand(Exception):
    """Discord lists no such command in the account's server."""


def save_index(account_id: int, commands: list[dict[str, Any]]) -> None:
    """Keep the bots' commands, without what is not needed to send them."""
    kept = [
        {
            key: command[key]
            for key in ("id", "version", "name", "type", "application_id")
        }
        for command in commands
        if command.get("application_id") in BOT_IDS and command.get("version")
    ]
    _cache.pop(account_id, None)
    CommandIndex.objects.update_or_create(
        account_id=account_id,
        defaults={"commands": kept, "fetched_at": timezone.now()},
    )


def _commands(account_id: int) -> list[dict[str, Any]]:
    """Return the kept index, read anew after some seconds or a refresh of our own."""
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
) -> dict[str, Any]:
    """Return a command's entry. Raises UnknownCommand."""
    for command in _commands(account_id):
        same = (command["application_id"], command["name"], command["type"])
        if same == (application_id, name, kind):
            found: dict[str, Any] = command
            return found
    raise UnknownCommand(name)
