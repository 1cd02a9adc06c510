"""What is true of a Discord user stands on each row that has connected as this user.

A row belongs to the user as whom it has connected; with another token it leaves, and
forgets what was the user's, until it has connected again.
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
from accounts.state.moves import tell

logger = logging.getLogger(__name__)

# Columns that say something of the user.
OF_USER: Final = ("fast_exhausted", "mj_remix_on", "niji_remix_on")
# Of what a bot told, what concerns only the row that asked.
OF_ROW: Final = ("message_id", "session_id", "shown_at", "error")


@transaction.atomic
def join(account_id: int, discord_user: str) -> bool:
    """Note as whom an account has connected; return whether that is news.

    Its row shows what is known of the user, and the user's other rows what it knows.
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
        tell(account_id)
    return True


def _take_over(account_id: int, other: int) -> None:
    """Write what another row knows of the user where this one knows nothing."""
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
    """Forget what was true of the user of another token. The row is not written."""
    if account.fast_exhausted and account.enable_auto_set_relax:
        account.allow_modes = []
    account.discord_user = ""
    for name in OF_USER:
        setattr(account, name, False)
    BotSnapshot.objects.filter(account=account.pk).delete()


def share(account_id: int, facts: Mapping[str, Any]) -> None:
    """Write what a person says of the user in `facts` on all rows of the user."""
    if of_user := _only(facts, OF_USER):
        rows = DiscordAccount.objects.filter(pk__in=ids_of_user(account_id))
        rows.update(**of_user, acted_at=timezone.now())


def _only(facts: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: facts[name] for name in names if name in facts}
