"""Share facts about a Discord user among all rows that have connected as that user.

A row joins a user by connecting. With another token it leaves the user, and its facts
about the user are deleted until it connects again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.models import BotSnapshot, DiscordAccount
from accounts.selectors import ids_of_user, lock_users
from accounts.state import changes
from accounts.state.moves import send_account_changed
from mjproxy.lib.audit.records import watch

logger = logging.getLogger(__name__)

# Columns that hold facts about the user.
OF_USER: Final = ("fast_exhausted", "mj_remix_on", "niji_remix_on")
# Snapshot fields that belong to the row that asked, not to the user.
OF_ROW: Final = ("message_id", "session_id", "shown_at", "error")


@transaction.atomic
def join(account_id: int, discord_user: str) -> bool:
    """Store the Discord user of a connected account; tell whether it is new.

    Facts about the user are copied between this row and the user's other rows.
    """
    rows = DiscordAccount.objects.filter(pk=account_id)
    if rows.filter(discord_user=discord_user).exists():
        return False
    same = DiscordAccount.objects.filter(discord_user=discord_user)
    lock_users([account_id, *same.values_list("pk", flat=True)])
    if not rows.update(discord_user=discord_user):
        return False
    others = [pk for pk in ids_of_user(account_id) if pk != account_id]
    if others:
        logger.info("account %s: shares its user with %s", account_id, others)
        _take_over(account_id, others[0])
        for pk in (account_id, *others):
            changes.share_troubles(pk)
        send_account_changed(account_id)
    return True


def _take_over(account_id: int, other: int) -> None:
    """Copy facts about the user from another row where this row has none."""
    known = DiscordAccount.objects.values(*OF_USER, "notice_id").get(pk=other)
    rows = DiscordAccount.objects.filter(pk=account_id)
    rows.filter(notice_id__gt=known["notice_id"]).update(**_only(known, OF_USER))
    rows.filter(notice_id__lte=known["notice_id"]).update(**known)
    told = set(BotSnapshot.objects.filter(account=account_id).values_list("bot"))
    for snapshot in BotSnapshot.objects.filter(account=other):
        if (snapshot.bot,) not in told:
            snapshot.pk, snapshot.account_id = None, account_id
            snapshot.message_id, snapshot.session_id, snapshot.shown_at = "", "", None
            snapshot.save(force_insert=True)


def leave(account: DiscordAccount) -> None:
    """Delete the facts about the user of the old token. Does not save the row."""
    if account.fast_exhausted and account.enable_auto_set_relax:
        account.allow_modes = []
    account.discord_user = ""
    for name in OF_USER:
        setattr(account, name, False)
    BotSnapshot.objects.filter(account=account.pk).delete()


def share(account_id: int, facts: Mapping[str, Any]) -> None:
    """Write a person's facts about the user to all rows of the user."""
    if of_user := _only(facts, OF_USER):
        rows = DiscordAccount.objects.filter(pk__in=ids_of_user(account_id))
        watch(rows)
        rows.update(**of_user, acted_at=timezone.now())


def _only(facts: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, object]:
    return {name: facts[name] for name in names if name in facts}
