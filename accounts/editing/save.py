"""Save, enable, reconnect and delete accounts."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.choice.idle_hours import is_idle
from accounts.choice.pool_settings import pool
from accounts.editing import sub_channels
from accounts.editing.discord_check import CONNECTION, changed
from accounts.models import DiscordAccount
from accounts.selectors import lock_users
from accounts.state import changes
from accounts.state.moves import send_account_changed
from accounts.state.same_user import OF_USER, leave, share
from mjproxy.lib.audit.records import audited, in_record, note
from mjproxy.lib.db.deadlocks import again_after_deadlock
from mjproxy.lib.db.encrypted_field import unreadable
from mjproxy.lib.db.unique_races import checked_again

_HELPING: Final = frozenset({"enabled", "user_token"})
OPERATOR: Final = "operator"  # name in the history if none is known


@checked_again
@audited
@transaction.atomic
def save_account(
    account: DiscordAccount,
    *,
    further: sub_channels.Lines | None = None,
    fields: Collection[str] | None = None,
    by: str = OPERATOR,
) -> DiscordAccount:
    """Save a new or edited account; a running gateway notices within a second.

    `further` replaces its sub-channels. `fields` are the fields to write of an edited
    account, all by default. The socket stays unless the edit concerns the connection.
    Such an edit, an entered token (even the same one) or setting `enabled` ends the
    account's trouble. Raises ValidationError, by field.
    """
    # Undecryptable secrets stay and do not prevent the save.
    account.full_clean(exclude=unreadable(account))
    sub_channels.check(account, further)
    account.is_fishing = is_idle(account.fishing_time, timezone.now())
    if account._state.adding:
        account.revision += 1
        changes.begin(account)
        account.save()
        sub_channels.replace(account, further or {})
        pool.drop()
        send_account_changed(account.pk)
        return account
    lock_users([account.pk])
    written = _editable(account)
    if fields is not None:
        written &= {*fields}
    connects = changed(account, CONNECTION)
    of_user = {name: getattr(account, name) for name in changed(account, OF_USER)}
    if "user_token" in connects:
        written |= _forget_user(account)
        of_user = {}
    account.save(update_fields=sorted({*written, "is_fishing"}))
    _replace_channels(account, further)
    if connects:
        reconnect(account.pk)
    if of_user:
        share(account.pk, {k: v for k, v in of_user.items() if k in written})
    helped = fields is None or bool(connects or _HELPING & {*fields})
    changes.follow_person(account.pk, by=by, helped=helped)
    pool.drop()
    send_account_changed(account.pk)
    account.refresh_from_db(fields=["revision", *changes.FIELDS])
    return account


def _editable(account: DiscordAccount) -> set[str]:
    """Return the fields that a person may edit; others have changed since the load."""
    loaded = {f.name for f in account._meta.concrete_fields if f.editable}
    return loaded - account.get_deferred_fields() - {"id"}


def _forget_user(account: DiscordAccount) -> set[str]:
    """Clear the facts about the user of the old token; return the fields to write.

    DM channel ids stay if they are set in the same edit.
    """
    rows = DiscordAccount.objects.filter(pk=account.pk)
    for name in ("private_channel_id", "niji_bot_channel_id"):
        if rows.filter(**{name: getattr(account, name)}).exists():
            setattr(account, name, "")
    leave(account)
    channels = {"private_channel_id", "niji_bot_channel_id"}
    return {*OF_USER, *channels, "discord_user", "allow_modes"}


def _replace_channels(
    account: DiscordAccount, further: sub_channels.Lines | None
) -> None:
    if further is not None and sub_channels.replace(account, further):
        rows = DiscordAccount.objects.filter(pk=account.pk)
        rows.update(channels_revision=F("channels_revision") + 1)


def set_enabled(
    account: DiscordAccount, *, enabled: bool, by: str = OPERATOR
) -> DiscordAccount:
    account.enabled = enabled
    return save_account(account, fields={"enabled"}, by=by)


@again_after_deadlock
@transaction.atomic
def reconnect(account_id: int) -> None:
    """Close the account's socket and start a new session, without a resume."""
    # In this order: MySQL evaluates assignments from left to right.
    DiscordAccount.objects.filter(pk=account_id).update(
        anew_revision=F("revision") + 1, revision=F("revision") + 1
    )
    send_account_changed(account_id)


@in_record
def reconnect_by_hand(account: DiscordAccount) -> None:
    """Connect an account anew because a person wants it."""
    reconnect(account.pk)
    note("reconnect", account)


@again_after_deadlock
@audited
@transaction.atomic
def delete_account(account: DiscordAccount) -> None:
    account_id = account.pk
    account.delete()
    send_account_changed(account_id)
