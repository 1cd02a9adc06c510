"""The command index: ids and versions as Discord lists them now."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from gateway.models import CommandIndex
from gateway.protocol.constants import BOT_IDS


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
    CommandIndex.objects.update_or_create(
        account_id=account_id,
        defaults={"commands": kept, "fetched_at": timezone.now()},
    )


def has_index(account_id: int) -> bool:
    return CommandIndex.objects.filter(account_id=account_id).exists()


def find_command(
    account_id: int, application_id: str, name: str, *, kind: int = 1
) -> dict[str, Any]:
    """Return a command's entry. Raises UnknownCommand."""
    row = CommandIndex.objects.filter(account_id=account_id).first()
    for command in row.commands if row else ():
        same = (command["application_id"], command["name"], command["type"])
        if same == (application_id, name, kind):
            found: dict[str, Any] = command
            return found
    raise UnknownCommand(name)
