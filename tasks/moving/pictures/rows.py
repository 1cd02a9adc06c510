"""Rows of the copies: which pictures are wanted, who copies them, how they ended."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from mjproxy.lib.db.claim import claim
from mjproxy.lib.db.deadlocks import again_after_deadlock
from mjproxy.lib.process import backoff
from mjproxy.lib.validators.addresses import LONGEST, WrongAddress, parts_of
from tasks.enums import CopyState, TaskStatus
from tasks.models import MovedPicture, Task
from tasks.moving import timing
from tasks.moving.report import said
from tasks.pictures.types import type_of

logger = logging.getLogger(__name__)

LOOK: Final = 10  # due pictures that are looked at, because others claim some first
_AT_ONCE: Final = 500  # rows of one transaction
_LONGEST_HOST: Final = 260
_DUE: Final = Q(state=CopyState.DUE)


@dataclass(frozen=True)
class Counts:
    """How far the pictures of a run are; `why` is the first reason for a failure."""

    copied: int
    left: int
    given_up: int
    why: str


# --- wanted ---------------------------------------------------------------------------


def want(move_id: int, task_ids: Collection[int]) -> None:
    """Let the pictures of finished tasks be copied, as far as they are not kept here.

    Those that an earlier run has given up are tried anew.
    """
    tasks = Task.objects.order_by().filter(pk__in=task_ids, status=TaskStatus.SUCCESS)
    tasks = tasks.filter(picture_file="").exclude(picture_source="", picture_link="")
    links = tasks.values_list("pk", "picture_source", "picture_link")
    new = [
        MovedPicture(task_id=pk, move_id=move_id, host=_host(source or link))
        for pk, source, link in links
    ]
    MovedPicture.objects.filter(pk__in=[picture.task_id for picture in new]).delete()
    MovedPicture.objects.bulk_create(new)


def _host(link: str) -> str:
    try:
        return parts_of(link, longest=LONGEST).host[:_LONGEST_HOST]
    except WrongAddress:
        return ""


# --- claims ---------------------------------------------------------------------------


def claimed(resting: Collection[str]) -> MovedPicture | None:
    """Claim a picture that is due, with its task; None if there is none.

    Hosts that are `resting` are left alone.
    """
    rows = MovedPicture.objects.filter(_DUE)
    ready = rows.filter(next_at__lte=timezone.now()).exclude(host__in=resting)
    for pk in ready.order_by("next_at").values_list("pk", flat=True)[:LOOK]:
        mine, tries = rows.filter(pk=pk), F("tries") + 1
        if claim(mine, "next_at", timing.PICTURE_CLAIM, tries=tries):
            return mine.select_related("task").first()
    return None


def is_worn_out(picture: MovedPicture) -> bool:
    """Tell whether a claimed picture has had all its tries."""
    return picture.tries > len(timing.PICTURE_AGAIN) + 1


# --- ends -----------------------------------------------------------------------------


@again_after_deadlock
@transaction.atomic
def finish(task: Task) -> None:
    """Note that the file of a task is its picture: from now on it is one of ours.

    The link becomes its source, so retention and all links treat it as drawn here.
    """
    rows = Task.objects.filter(pk=task.pk, picture_file=task.picture_file)
    rows.filter(picture_source="").update(
        picture_source=task.picture_link,
        picture_link="",
        picture_type=type_of(PurePath(task.picture_file)),
    )
    copies = MovedPicture.objects.filter(pk=task.pk)
    copies.update(state=CopyState.COPIED, reason="")


def try_later(picture: MovedPicture, why: str) -> None:
    """Note why a try failed, and when the next one is; the last one gives up."""
    if picture.tries > len(timing.PICTURE_AGAIN):
        give_up(picture.pk, why)
        return
    logger.warning("task %s: picture not copied, again later: %s", picture.pk, why)
    again = timezone.now() + backoff.about(timing.PICTURE_AGAIN[picture.tries - 1])
    rows = MovedPicture.objects.filter(_DUE, pk=picture.pk, tries=picture.tries)
    rows.update(next_at=again, reason=said(why))


def give_up(task_id: int, why: str) -> None:
    """Stop trying to copy a picture; the task keeps the link that it came with."""
    logger.error("task %s: its picture is not copied: %s", task_id, why)
    _give_up(MovedPicture.objects.filter(_DUE, pk=task_id), why)


def give_up_host(host: str, why: str) -> int:
    """Give up all pictures of a host; return how many.

    In small transactions, because other writers wait for each.
    """
    logger.error("pictures at %s are not copied: %s", host, why)
    rows, count, last = MovedPicture.objects.filter(_DUE, host=host), 0, 0
    while some := _after(rows, last):
        count += _give_up(rows.filter(pk__in=some), why)
        last = some[-1]
    return count


def _after(rows: QuerySet[MovedPicture], last: int) -> list[int]:
    found = rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)
    return list(found[:_AT_ONCE])


def stop(move_id: int) -> int:
    """Give up what is left of a run's pictures, as a person wishes; return how many."""
    rows = MovedPicture.objects.filter(_DUE, move=move_id)
    return _give_up(rows, "it was stopped")


def _give_up(rows: QuerySet[MovedPicture], why: str) -> int:
    return rows.update(state=CopyState.GIVEN_UP, reason=said(why))


def counts(move_id: int) -> Counts:
    """Return how far the pictures of a run are."""
    rows = MovedPicture.objects.filter(move=move_id)
    told = rows.order_by().values_list("state").annotate(Count("pk"))
    found: dict[str, int] = dict(told)
    failed = rows.exclude(reason="").order_by("-state", "pk")  # given up before due
    return Counts(
        found.get(CopyState.COPIED, 0),
        found.get(CopyState.DUE, 0),
        found.get(CopyState.GIVEN_UP, 0),
        failed.values_list("reason", flat=True).first() or "",
    )
