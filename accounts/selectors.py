"""Queries for Discord accounts, and the access settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db.models import Q, QuerySet

from accounts.models import AccessSettings, DiscordAccount
from accounts.states import TROUBLES
from mjproxy.lib.db.encrypted_field import readable
from mjproxy.lib.db.snapshot import Snapshot

access_settings: Final = Snapshot(AccessSettings.get_solo, AccessSettings)


def ids_of_user(account_id: int) -> list[int]:
    """Return the row ids of an account's Discord user, including the account.

    Sorted, so that two writers of all rows lock them in the same order.
    """
    own = DiscordAccount.objects.filter(pk=account_id).exclude(discord_user="")
    same = DiscordAccount.objects.filter(discord_user__in=own.values("discord_user"))
    return sorted({account_id, *same.order_by().values_list("pk", flat=True)})


def lock_users(account_ids: Sequence[int]) -> None:
    """Lock all rows of the accounts' users, in order, until the transaction ends.

    Call it before writing several rows of a user, so that two writers do not deadlock.
    """
    own = DiscordAccount.objects.filter(pk__in=account_ids).exclude(discord_user="")
    users = Q(discord_user__in=own.values("discord_user"))
    rows = DiscordAccount.objects.filter(users | Q(pk__in=account_ids))
    list(rows.select_for_update().order_by("pk").values_list("pk", flat=True))


def ids_with_token_of(account_id: int) -> list[int]:
    """Return the row ids of the account's Discord user with the same token."""
    tokens = {pk: _token_of(pk) for pk in ids_of_user(account_id)}
    return [
        pk
        for pk, token in tokens.items()
        if pk == account_id or (token and token == tokens[account_id])
    ]


def _token_of(account_id: int) -> str:
    rows = DiscordAccount.objects.filter(pk=account_id).only("user_token")
    return readable(row, "user_token") if (row := rows.first()) else ""


def enabled_accounts() -> QuerySet[DiscordAccount]:
    return DiscordAccount.objects.filter(enabled=True)


def accounts_for_a_person() -> QuerySet[DiscordAccount]:
    """Return accounts that wait for their operator, longest waiting first."""
    rows = enabled_accounts().filter(state__in=TROUBLES, resume_at=None)
    return rows.order_by("state_since", "pk")


def without_secrets(accounts: QuerySet[DiscordAccount]) -> QuerySet[DiscordAccount]:
    """Defer the encrypted columns until they are read."""
    return accounts.defer(*DiscordAccount.SECRETS)


def for_choice(accounts: QuerySet[DiscordAccount]) -> QuerySet[DiscordAccount]:
    """Load only the columns that the choice of an account reads."""
    return accounts.only(
        "channel_id",
        "state",
        "core_size",
        "max_queue_size",
        "timeout_minutes",
        "mode",
        "allow_modes",
        "fast_exhausted",
        "remix_auto_submit",
        "mj_remix_on",
        "niji_remix_on",
        "picked_at",
    )


def account_by_id(text: str) -> DiscordAccount | None:
    """Return the account with this row id or channel id, or None."""
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        return None
    same = Q(channel_id=text)
    if len(text) < 15:
        same = Q(pk=int(text))
    return without_secrets(DiscordAccount.objects.filter(same)).first()


def channel_is_taken(account: DiscordAccount) -> bool:
    """Tell whether another account draws in this one's channel."""
    others = DiscordAccount.objects.exclude(pk=account.pk)
    return others.filter(channel_id=account.channel_id).exists()
