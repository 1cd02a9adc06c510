"""Further channels of an account, as lines of text and as rows."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from django.core.exceptions import ValidationError

from accounts.models import DiscordAccount, SubChannel
from accounts.models.discord import link_of, snowflake

FIELD: Final = "sub_channels"  # the field of errors
MAX_CHANNELS: Final = 200
MAX_LINE: Final = 1000
# The rest of the line is the operator's note.
_LINK: Final = re.compile(
    r"https://(?:(?:www|ptb|canary)\.)?discord(?:app)?\.com/channels/"
    r"([^/\s,]+)/([^/?#\s,]+)[^\s,]*"
)

Pair = tuple[str, str]  # server id, channel id
Pairs = list[Pair]
# Channel to its line if it has a note; "" for the link alone.
Lines = Mapping[Pair, str]


def parse(lines: str | Iterable[str]) -> Lines:
    """Return server, channel and note of each line that is not empty.

    A line contains `https://discord.com/channels/{server}/{channel}`. Raises
    ValidationError with a message for each line without a link, and each repeated one.
    """
    if isinstance(lines, str):
        lines = lines.splitlines()
    read: dict[Pair, str] = {}
    errors = []
    for number, line in enumerate(lines, 1):
        if not str(line).strip():
            continue
        try:
            pair, written = _read(" ".join(str(line).splitlines()).strip())
        except ValidationError as exc:
            errors.append(f"Line {number}: {exc.message}")
            continue
        if pair[1] in {channel_id for _, channel_id in read}:
            errors.append(f"Line {number}: the same channel twice.")
        read[pair] = written
    if len(read) > MAX_CHANNELS:
        errors.append(f"At most {MAX_CHANNELS} channels.")
    if errors:
        raise ValidationError(errors)
    return read


def _read(line: str) -> tuple[Pair, str]:
    found = _LINK.search(line)
    if found is None:
        raise ValidationError(
            "it holds no https://discord.com/channels/SERVER/CHANNEL."
        )
    for part in found.groups():
        snowflake(part)
    if "\x00" in line:
        raise ValidationError("it holds a null character.")
    if len(line) > MAX_LINE:
        raise ValidationError(f"it is longer than {MAX_LINE} characters.")
    pair = found[1], found[2]
    if found[0] == line:
        return pair, ""
    return pair, line[: found.start()] + link_of(*pair) + line[found.end() :]


def check(account: DiscordAccount, pairs: Collection[Pair] | None = None) -> None:
    """Raise ValidationError if the main channel is among the further ones.

    Without `pairs` the stored channels are checked.
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
    """Return the further channels as lines that `parse` reads, with notes."""
    if account._state.adding:
        return []
    return [str(row) for row in account.sub_channels.order_by("pk")]


def replace(account: DiscordAccount, lines: Lines) -> bool:
    """Write the account's further channels; tell whether the set of them changed.

    Unchanged channels keep their rows. Call it in the transaction of `save_account`.
    """
    known = {(row.guild_id, row.channel_id): row for row in account.sub_channels.all()}
    gone = [row.pk for pair, row in known.items() if pair not in lines]
    account.sub_channels.filter(pk__in=gone).delete()
    for pair, row in known.items():
        if lines.get(pair, row.line) != row.line:
            row.line = lines[pair]
            row.save(update_fields=["line"])
    new = lines.keys() - known.keys()
    SubChannel.objects.bulk_create(
        SubChannel(account=account, guild_id=guild_id, channel_id=channel_id, line=line)
        for (guild_id, channel_id), line in lines.items()
        if (guild_id, channel_id) in new
    )
    return bool(gone or new)
