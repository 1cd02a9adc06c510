"""The further channels of an account, as people write them and as rows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from django.core.exceptions import ValidationError

from accounts.models import DiscordAccount, SubChannel
from accounts.models.discord import snowflake

FIELD: Final = "sub_channels"  # under which errors are reported
MAX_CHANNELS: Final = 200
# What stands before and after it on its line is the operator's own note.
_LINK: Final = re.compile(
    r"https://(?:(?:www|ptb|canary)\.)?discord(?:app)?\.com/channels/"
    r"([^/\s,]+)/([^/?#\s,]+)"
)

Pairs = list[tuple[str, str]]  # server id, channel id


def parse(lines: str | Iterable[str]) -> Pairs:
    """Return server and channel of each line that is not empty.

    A line contains `https://discord.com/channels/{server}/{channel}`. Raises
    ValidationError with a message for each line that does not, or that is repeated.
    """
    if isinstance(lines, str):
        lines = lines.splitlines()
    pairs: dict[str, str] = {}
    errors = []
    for number, line in enumerate(lines, 1):
        if not str(line).strip():
            continue
        try:
            guild_id, channel_id = _pair(str(line))
        except ValidationError as exc:
            errors.append(f"Line {number}: {exc.message}")
            continue
        if channel_id in pairs:
            errors.append(f"Line {number}: the same channel twice.")
        pairs[channel_id] = guild_id
    if len(pairs) > MAX_CHANNELS:
        errors.append(f"At most {MAX_CHANNELS} channels.")
    if errors:
        raise ValidationError(errors)
    return [(guild_id, channel_id) for channel_id, guild_id in pairs.items()]


def _pair(line: str) -> tuple[str, str]:
    found = _LINK.search(line)
    if found is None:
        raise ValidationError(
            "it holds no https://discord.com/channels/SERVER/CHANNEL."
        )
    for part in found.groups():
        snowflake(part)
    return found[1], found[2]


def check(account: DiscordAccount, pairs: Pairs | None = None) -> None:
    """Raise ValidationError where the main channel is among the further ones.

    Without `pairs` those that are stored count.
    """
    found = pairs_of(account) if pairs is None else pairs
    if account.channel_id in {channel_id for _, channel_id in found}:
        text = "The main channel is no further channel: the same channel twice."
        raise ValidationError({FIELD: text})


def pairs_of(account: DiscordAccount) -> Pairs:
    """Return server and channel of each of the account's further channels."""
    if account._state.adding:
        return []
    rows = account.sub_channels.order_by("pk")
    return list(rows.values_list("guild_id", "channel_id"))


def lines_of(account: DiscordAccount) -> list[str]:
    """Return the links that `parse` reads."""
    return [
        f"https://discord.com/channels/{guild_id}/{channel_id}"
        for guild_id, channel_id in pairs_of(account)
    ]


def replace(account: DiscordAccount, pairs: Pairs) -> bool:
    """Write the account's further channels; return whether they are others now.

    Those that stay keep their rows. Call it in the transaction of `save_account`.
    """
    known = {(row.guild_id, row.channel_id): row for row in account.sub_channels.all()}
    gone = [row.pk for pair, row in known.items() if pair not in set(pairs)]
    account.sub_channels.filter(pk__in=gone).delete()
    new = [pair for pair in pairs if pair not in known]
    SubChannel.objects.bulk_create(
        SubChannel(account=account, guild_id=guild_id, channel_id=channel_id)
        for guild_id, channel_id in new
    )
    return bool(gone or new)
