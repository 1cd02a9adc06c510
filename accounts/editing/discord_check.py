"""Ask Discord about an account that is to be saved: its token, server and channels."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from django.core.exceptions import ValidationError

from accounts import ports
from accounts.editing import sub_channels
from accounts.editing.sub_channels import Pair
from accounts.models import DiscordAccount
from mjproxy.lib.db.encrypted_field import unreadable

_WATCHED: Final = ("user_token", "guild_id", "channel_id", "proxy_url")
# Columns that the gateway's socket depends on.
CONNECTION: Final = (*_WATCHED, "user_agent")
_SPEAKING: Final = {"user_token", "proxy_url"}


def changed(account: DiscordAccount, names: Sequence[str] = _WATCHED) -> set[str]:
    """Return the columns in `names` whose values differ from the stored ones."""
    if account._state.adding:
        return set(names)
    looked_at = sorted(set(names) - account.get_deferred_fields())
    return {name for name in looked_at if _differs(account, name)}


def _differs(account: DiscordAccount, name: str) -> bool:
    rows = DiscordAccount.objects.filter(pk=account.pk).values_list(name, flat=True)
    field = DiscordAccount._meta.get_field(name)
    # An undecryptable secret counts as unchanged if its stored text is.
    return bool(rows.first() != field.value_from_object(account))  # type: ignore[union-attr]


def check(account: DiscordAccount, further: Collection[Pair] | None = None) -> None:
    """Ask Discord about the changes of an account, before it is saved.

    `further` are its new sub-channels, None if they stay. Raises ValidationError, by
    field. It may take seconds: never call it in a transaction.
    """
    news = changed(account)
    secret = unreadable(account)
    account.clean_fields(exclude=secret)
    if secret & _SPEAKING:
        return  # without the secret Discord cannot be asked
    known = [] if "user_token" in news else sub_channels.pairs_of(account)
    pairs = sub_channels.pairs_of(account) if further is None else further
    own = [(account.guild_id, account.channel_id)]
    channels = {
        "channel_id": own if news - {"proxy_url"} else [],
        sub_channels.FIELD: [pair for pair in pairs if pair not in known],
    }
    asked = news or channels[sub_channels.FIELD]
    if asked and (wrong := ports.account_check()(account, channels)):
        raise ValidationError(dict(wrong))
