"""Have expired links to pictures at Discord renewed.

This app cannot ask Discord itself: it sends a signal, and gets the new link later.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final
from urllib.parse import parse_qs

from django.utils import timezone

from mjproxy.lib.db.claim import claim, due
from mjproxy.lib.process.nudge import nudge
from mjproxy.lib.validators.addresses import LONGEST, WrongAddress, parts_of
from tasks.enums import TaskStatus
from tasks.models import Task
from tasks.pictures import store
from tasks.signals import link_expired

logger = logging.getLogger(__name__)

CLAIM: Final = timedelta(minutes=1)  # longer than a request to Discord
LATER: Final = timedelta(minutes=10)  # after a failure that may pass
SELDOM: Final = timedelta(days=1)  # after an answer that will be the same


def is_expired(source: str) -> bool:
    """Tell whether the time in a link of Discord's CDN has passed.

    Links without a time are older than Discord's signed links, and open no more.
    """
    _, _, query = source.partition("?")
    moment = parse_qs(query).get("ex", [""])[0]
    if not moment:
        return _is_at_discord(source)
    try:
        return int(moment, 16) <= timezone.now().timestamp()
    except ValueError:
        return False


def ask(task: Task) -> bool:
    """Ask for a new link to a task's picture if its link has expired.

    Returns False if that cannot help: the picture is gone, or was asked for in vain.
    """
    row = Task.objects.filter(pk=task.pk).only("picture_source", "link_next_at").first()
    if row is None or not is_expired(row.picture_source):
        # Another caller has got a new link meanwhile.
        return bool(row and row.picture_source != task.picture_source)
    if row.link_next_at and row.link_next_at > timezone.now() + CLAIM:
        return False
    link_expired.send(sender=None, task_id=task.pk)
    return True


def claimed(task_id: int) -> Task | None:
    """Claim the renewal of a task's link; None if it is not due."""
    rows = Task.objects.filter(due("link_next_at"), pk=task_id)
    finished = rows.filter(status=TaskStatus.SUCCESS).exclude(picture_source="")
    task = finished.select_related("account").first()
    if task is None or not is_expired(task.picture_source):
        return None
    return task if claim(rows, "link_next_at", CLAIM) else None


def renewed(task: Task, link: str) -> bool:
    """Note a new link, and store its picture; False if it leads elsewhere."""
    if not _is_same_picture(link, task.picture_source):
        logger.error("task %s: Discord's new link leads elsewhere", task.pk)
        failed(task, SELDOM)
        return False
    rows = Task.objects.filter(pk=task.pk, picture_source=task.picture_source)
    values = {"picture_source": link, "link_next_at": None}
    rows.update(**values, picture_tries=0, picture_next_at=None)
    logger.info("task %s: its link at Discord was renewed", task.pk)
    nudge("tasks.keep_picture", task.pk)
    return True


def failed(task: Task, pause: timedelta) -> None:
    """Note that the link was not renewed; it is asked for again after a pause."""
    Task.objects.filter(pk=task.pk).update(link_next_at=timezone.now() + pause)


def _is_at_discord(source: str) -> bool:
    try:
        return bool(store.cdn_url(source))
    except store.UnknownSource:
        return False


def _is_same_picture(link: str, source: str) -> bool:
    try:
        if is_expired(link) or not store.cdn_url(link):
            return False
        old, new = (parts_of(each, longest=LONGEST).target for each in (source, link))
    except (store.UnknownSource, WrongAddress):
        return False
    return old.partition("?")[0] == new.partition("?")[0]
