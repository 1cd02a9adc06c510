"""Errands: small actions at Discord, whose caller waits for the result."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import DiscordAccount, User
from mjproxy.lib.db.deadlocks import again_after_deadlock
from tasks.enums import ErrandKind, ErrandState
from tasks.exceptions import ErrandsUsedUp
from tasks.models import Errand, Task
from tasks.pictures import inputs
from tasks.pictures.inputs import Brought
from tasks.services import tell_changed
from tasks.signals import errand_submitted

logger = logging.getLogger(__name__)

MOST: Final = 20  # open errands of one user


def send_on(
    kind: ErrandKind,
    *,
    owner: User,
    account: DiscordAccount,
    task: Task | None = None,
    custom_id: str = "",
    brought: Sequence[Brought] = (),
) -> Errand:
    """Write an errand with its input pictures; it runs after the commit.

    If the same action is open for the task, by any user, that errand is returned.
    Raises ErrandsUsedUp if the owner has too many open errands.
    """
    key = _key(kind, task, custom_id)
    if key and (asked := Errand.objects.filter(open_key=key).first()):
        return asked
    check_open(owner)
    errand = Errand(
        kind=kind,
        owner=owner,
        account=account,
        task=task,
        custom_id=custom_id,
        open_key=key,
    )
    try:
        return _write(errand, brought)
    except IntegrityError:
        # Another request wrote the same errand since the check.
        if key and (asked := Errand.objects.filter(open_key=key).first()):
            return asked
        raise


def _key(kind: ErrandKind, task: Task | None, custom_id: str) -> str | None:
    """Return the key that equal errands share; None for uploads."""
    return f"{kind}:{task.pk}:{custom_id}" if task else None


def check_open(owner: User) -> None:
    """Raise ErrandsUsedUp if a user has the most errands that may be open."""
    if Errand.objects.filter(owner=owner, state=ErrandState.WAITING).count() >= MOST:
        raise ErrandsUsedUp(MOST)


@again_after_deadlock
def _write(errand: Errand, brought: Sequence[Brought]) -> Errand:
    with inputs.kept(brought) as files, transaction.atomic():
        errand.save(force_insert=True)
        inputs.write_rows(files, errand=errand)
        send: Any = partial(
            errand_submitted.send_robust, sender=Errand, errand_id=errand.pk
        )
        transaction.on_commit(send)
    return errand


def finish(errand_id: int, result: Any) -> bool:
    """Store the result of an errand; False if it was over."""
    rows = Errand.objects.filter(pk=errand_id, state=ErrandState.WAITING)
    done = rows.update(
        state=ErrandState.DONE, open_key=None, result=result, done_at=timezone.now()
    )
    if done:
        inputs.drop(Errand(pk=errand_id))
    return bool(done)


def give_up(errand_id: int, zh: str, en: str) -> bool:
    """End an errand with a reason for its owner; False if it was over.

    A press can be refused after Discord has reported it as done.
    """
    pressed = Q(kind=ErrandKind.PRESS, state=ErrandState.DONE)
    rows = Errand.objects.filter(Q(state=ErrandState.WAITING) | pressed, pk=errand_id)
    given_up = rows.update(
        state=ErrandState.FAILED, open_key=None, error_zh=zh[:400], error_en=en[:400]
    )
    if given_up:
        inputs.drop(Errand(pk=errand_id))
        logger.warning("errand %s: %s", errand_id, en)
    return bool(given_up)


@again_after_deadlock
def note_seed(task: Task, seed: str) -> None:
    """Store a task's seed, and end the errands that asked for it."""
    with transaction.atomic():
        rows = Task.objects.filter(pk=task.pk, seed="")
        if rows.update(seed=seed, revision=F("revision") + 1):
            tell_changed(Task.objects.get(pk=task.pk))
        waiting = Errand.objects.filter(
            task=task, kind=ErrandKind.SEED, state=ErrandState.WAITING
        )
        waiting.update(state=ErrandState.DONE, open_key=None, result=seed)


def note_seed_message(task: Task, message_id: str) -> list[int]:
    """Store the message to ask for the seed; return the errands that may continue."""
    waiting = Errand.objects.filter(
        task=task, kind=ErrandKind.SEED, state=ErrandState.WAITING
    )
    found = list(waiting.values_list("pk", flat=True))
    rows = Task.objects.filter(pk=task.pk, seed="").exclude(seed_message_id=message_id)
    if not found or not rows.update(seed_message_id=message_id):
        return []
    waiting.update(claimed_until=None)
    return found
