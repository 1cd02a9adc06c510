"""Choose an account in the same channel when a button's own account is gone."""

from __future__ import annotations

from dataclasses import replace

from django.db.models import Q

from accounts.models import DiscordAccount, SubChannel
from tasks.enums import BotType
from tasks.exceptions import NoAccount
from tasks.models import Task
from tasks.submit.account import Wanted, account_of, host_among


def owner_or_host(task: Task) -> DiscordAccount:
    """Return the account that presses the task's buttons. Raises NoAccount.

    The task's own account if it is alive, else a host: a live account whose main
    channel or sub-channel is the task's channel, chosen by rule. The task's account
    filter applies to the host too, except `instanceId`.
    """
    try:
        return account_of(task)
    except NoAccount:
        if host := _host(task):
            return host
        raise


def _host(task: Task) -> DiscordAccount | None:
    if not task.channel_id:
        return None
    sub_channels = SubChannel.objects.filter(channel_id=task.channel_id)
    here = Q(channel_id=task.channel_id) | Q(pk__in=sub_channels.values("account"))
    wanted = replace(Wanted.of(task.account_filter, task.owner), instance_id="")
    return host_among(here, BotType(task.bot_type), wanted)
