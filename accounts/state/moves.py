"""Move an account from one state to another, along the table of `accounts.states`.

A move is one conditional UPDATE; its row of history is written in the same transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.expressions import Combinable
from django.utils import timezone

from accounts import hours
from accounts.enums import AccountState
from accounts.models import AccountEvent, DiscordAccount
from accounts.signals import account_changed
from accounts.states import Actor, Cause, Standing, is_history, may_move
from mjproxy.lib.db.deadlocks import again_after_deadlock

logger = logging.getLogger(__name__)

LONGEST_REASON: Final = 400
MOST_TRIES: Final = 20  # each failed try is a race lost to another move
_ENDED: Final = frozenset({Cause.END, Cause.PERSON})


def scheduled_standing(work_time: str, moment: datetime) -> Standing:
    """Return the standing that the work hours give: connecting or resting."""
    try:
        if not work_time or hours.covers(work_time, moment):
            return Standing(AccountState.CONNECTING)
    # The field's validator refuses such text; the row was written in another way.
    except ValueError:
        return Standing(AccountState.CONNECTING)
    return Standing(AccountState.RESTING, hours.next_change(work_time, moment))


@dataclass(frozen=True)
class Found:
    """The fields of a row that decide a move."""

    standing: Standing
    since: datetime
    enabled: bool
    work_time: str
    acted_at: datetime | None
    revision: int


@dataclass(frozen=True)
class Known:
    """How current the cause of a move is: the time and revision of its request."""

    asked_at: datetime | None = None
    revision: int | None = None

    def is_stale(self, found: Found) -> bool:
        if self.revision not in (None, found.revision):
            return True
        asked, acted = self.asked_at, found.acted_at
        return bool(asked and acted and asked < acted)


def move(
    account_id: int,
    cause: Cause,
    target: Standing | Callable[[Found], Standing],
    reason: str = "",
    *,
    only: AccountState | None = None,
    by: str = "",
    known: Known | None = None,
    shared: bool = False,
) -> bool:
    """Move one account along the table; False if the move is not allowed.

    `only` is the state that the account must be in. `known` tells how current the cause
    is. `shared` means that the trouble concerns the whole Discord user.
    """
    rows = DiscordAccount.objects.filter(pk=account_id)
    for _ in range(MOST_TRIES):
        found = _read(rows)
        if found is None or (not found.enabled and cause is not Cause.PERSON):
            return False
        if only and found.standing.state != only:
            return False
        if known and known.is_stale(found):
            logger.info("account %s: %s is out of date, ignored", account_id, reason)
            return False
        then = target if isinstance(target, Standing) else target(found)
        if not may_move(cause, found.standing, then, timezone.now()):
            return False
        said = reason[:LONGEST_REASON] or resting_words(then)
        facts = {"is_shared": shared} | _edited(cause, then)
        if _write(account_id, found, then, said, by, **facts):
            _log(account_id, then, said)
            return True
    logger.error("account %s: not moved, every try lost to another move", account_id)
    return False


def _read(rows: QuerySet[DiscordAccount]) -> Found | None:
    decides = "state_since", "enabled", "work_time", "acted_at", "revision"
    row = rows.values_list("state", "resume_at", *decides).first()
    if row is None:
        return None
    state, until, *rest = row
    return Found(Standing(AccountState(state), until), *rest)


def _edited(cause: Cause, then: Standing) -> dict[str, Combinable]:
    """Raise the revision if a person or time ends the state: that reconnects."""
    if cause in _ENDED and then.state != AccountState.DISABLED:
        return {"revision": F("revision") + 1}
    return {}


@again_after_deadlock
@transaction.atomic
def _write(
    account_id: int,
    found: Found,
    then: Standing,
    reason: str,
    by: str,
    **facts: Any,
) -> bool:
    before, now = found.standing, timezone.now()
    # `state_since` is the version of the row that was read.
    unmoved = DiscordAccount.objects.filter(
        pk=account_id,
        state=before.state,
        state_since=found.since,
        enabled=found.enabled,
        acted_at=found.acted_at,
        revision=found.revision,
    )
    if not unmoved.update(
        state=then.state,
        state_reason=reason,
        state_since=now,
        resume_at=then.until,
        **facts,
    ):
        return False
    if is_history(before.state, then.state, found.since, now):
        AccountEvent.objects.create(
            account_id=account_id,
            at=now,
            from_state=before.state,
            to_state=then.state,
            reason=reason,
            until=then.until,
            by=by,
        )
    send_account_changed(account_id)
    return True


def scheduled_standing_of(found: Found) -> Standing:
    return scheduled_standing(found.work_time, timezone.now())


def resting_words(then: Standing) -> str:
    if then.state != AccountState.RESTING or then.until is None:
        return ""
    moment = f"{timezone.localtime(then.until):%Y-%m-%d %H:%M %Z}"
    return (
        f"非工作时间，{moment} 自动恢复 / "
        f"outside its work hours; it goes on by itself at {moment}"
    )


def _log(account_id: int, then: Standing, reason: str) -> None:
    if then.actor is Actor.OPERATOR:
        logger.error(
            "account %s: %s, a person must act: %s", account_id, then.state, reason
        )
    elif then.until:
        logger.warning(
            "account %s: %s until %s: %s", account_id, then.state, then.until, reason
        )
    else:
        logger.info("account %s: %s %s", account_id, then.state, reason)


def send_account_changed(account_id: int) -> None:
    """Send `account_changed` after the commit."""
    send: Any = partial(
        account_changed.send_robust, sender=DiscordAccount, account_id=account_id
    )
    transaction.on_commit(send)
