"""Keep the command index: ids and versions of commands as Discord lists them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.utils import timezone

from accounts.enums import BotType
from gateway.models import CommandIndex
from gateway.protocol.constants import BOT_IDS, MIDJOURNEY_APP, NIJI_APP, CommandType
from gateway.protocol.shapes import Command
from mjproxy.lib.db.snapshot import Snapshot
from tasks.ports import OPTION_LIMIT

KEPT: Final = 10.0  # seconds; Discord refuses a stale command, and it is read again
LIMITS_KEPT: Final = 60.0  # seconds; they seldom change


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


def _longest_known(bot_type: str, name: str) -> int:
    """Return the limit of a command's prompt in the newest index of all accounts."""
    app = NIJI_APP if bot_type == BotType.NIJI_JOURNEY else MIDJOURNEY_APP
    row = CommandIndex.objects.order_by("-fetched_at").first()
    for command in row.commands if row else []:
        same = command["application_id"], command["name"], command["type"]
        if same == (app, name, CommandType.CHAT):
            return longest(command, "prompt")
    return OPTION_LIMIT


longest_known: Final = Snapshot(_longest_known, CommandIndex, kept_for=LIMITS_KEPT)


def _read(account_id: int) -> list[Command]:
    """Return the commands of an account. Raises CommandIndex.DoesNotExist."""
    commands: list[Command] = CommandIndex.objects.get(account_id=account_id).commands
    if not commands:  # not to be kept
        raise CommandIndex.DoesNotExist
    return commands


_commands: Final = Snapshot(_read, CommandIndex, kept_for=KEPT)


def has_index(account_id: int) -> bool:
    return CommandIndex.objects.filter(account_id=account_id).exists()


def find_command(
    account_id: int, application_id: str, name: str, *, kind: int = 1
) -> Command:
    """Return a command's entry in the index. Raises UnknownCommand."""
    with contextlib.suppress(CommandIndex.DoesNotExist):
        for command in _commands(account_id):
            same = (command["application_id"], command["name"], command["type"])
            if same == (application_id, name, kind):
                return command
    raise UnknownCommand(name)
