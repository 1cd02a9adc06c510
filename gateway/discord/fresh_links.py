"""Renew expired links of pictures at Discord's CDN (docs/protocol.md, pictures)."""

from __future__ import annotations

import logging
from typing import Final

from curl_cffi.requests.exceptions import RequestException
from discord.errors import DiscordException, HTTPException

from gateway.discord import clients
from gateway.leases import is_open
from gateway.models import GatewaySession
from mjproxy.lib import faults
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.faults import Work
from tasks.models import Task
from tasks.pictures import fresh_links

logger = logging.getLogger(__name__)

# Answers after which another try on the same day would not help.
_FINAL: Final = frozenset({400, 403, 404})


async def renew(task_id: int) -> None:
    """Ask Discord for a new link to a task's picture, if the present one has expired.

    Safe to call any number of times.
    """
    await faults.watch(Work("link of task", task_id), _renew)


async def _renew(task_id: int) -> None:
    task = await in_thread(fresh_links.claimed, task_id)
    if task is None:
        return
    if task.account is None or not await in_thread(_is_connected, task):
        await in_thread(fresh_links.failed, task, fresh_links.LATER)
        return
    http = await clients.client_of(task.account)
    try:
        link = await http.refresh_link(task.picture_source)
    except (DiscordException, RequestException, OSError) as exc:
        is_final = isinstance(exc, HTTPException) and exc.status in _FINAL
        pause = fresh_links.SELDOM if is_final else fresh_links.LATER
        logger.warning("task %s: its link was not renewed: %s", task.pk, exc)
        await in_thread(fresh_links.failed, task, pause)
    else:
        await in_thread(fresh_links.renewed, task, link)


def _is_connected(task: Task) -> bool:
    """Tell whether the task's account may be used now."""
    rows = GatewaySession.objects.select_related("account")
    session = rows.filter(account=task.account_id).first()
    return session is not None and is_open(session)
