"""Who presses a button whose own account is gone: one that works in its channel."""

from __future__ import annotations

from django.db.models import Q

from accounts.models import DiscordAccount, SubChannel
from accounts.selectors import alive_accounts, for_choice
from tasks.enums import BotType
from tasks.exceptions import NoAccount
from tasks.models import Task
from tasks.submit.choosing import Wanted, choose_among


def owner_or_host(task: Task) -> DiscordAccount:
    """Return the account that the task's buttons are pressed by. Raises NoAccount.

    That is its own one, while it is alive; else a live one whose main channel or
    sub-channel is where the task was drawn, chosen by rule. What the task once wanted
    of its account holds for that one too, but for its name.
    """
    owner = for_choice(alive_accounts()).filter(pk=task.account_id or 0).first()
    found = owner or _host(task)
    if found is None:
        raise NoAccount
    return found


def _host(task: Task) -> DiscordAccount | None:
    if not task.channel_id:
        return None
    sub_channels = SubChannel.objects.filter(channel_id=task.channel_id)
    here = Q(channel_id=task.channel_id) | Q(pk__in=sub_channels.values("account"))
    return choose_among(here, BotType(task.bot_type), _wanted(task))


def _wanted(task: Task) -> Wanted:
    given = task.account_filter or {}
    return Wanted(
        modes=tuple(given.get("modes") or ()),
        remix=given.get("remix"),
        niji_remix=given.get("nijiRemix"),
        remix_auto_considered=given.get("remixAutoConsidered"),
        remark=(given.get("remark") or "").strip(),
    )
