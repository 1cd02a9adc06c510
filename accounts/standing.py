"""The only place that moves accounts between states (`accounts.health` has the table).

A move is one conditional UPDATE; its row of history stands in the same transaction.
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
from django.utils import timezone

from accounts import hours, mails
from accounts.deadlocks import again_after_deadlock
from accounts.enums import AccountState
from accounts.health import (
    ROUTINE,
    Actor,
    Cause,
    Standing,
    is_history,
    may_move,
)
from accounts.models import AccountEvent, DiscordAccount
from accounts.signals import account_changed

logger = logging.getLogger(__name__)

LONGEST_REASON: Final = 400
FIELDS: Final = ("state", "state_reason", "state_since", "resume_at")
MOST_TRIES: Final = 20  # each lost try means that somebody else has moved it
_ENDED: Final = frozenset({Cause.END, Cause.PERSON})


# --- what happens to an account ------------------------------------------------------


def set_state(account_id: int, state: AccountState, reason: str = "") -> bool:
    """Note how the connection stands; return whether that is news.

    What weighs more than a connection stays as it is.
    """
    return _move(account_id, Cause.GATEWAY, Standing(state), reason)


def trouble(
    account_id: int, state: AccountState, reason: str, until: datetime | None = None
) -> bool:
    """Note what keeps an account from drawing; without `until`, a person must act.

    Returns whether that is news: of two troubles the heavier or the longer one holds.
    """
    return _move(account_id, Cause.TROUBLE, Standing(state, until), reason)


@again_after_deadlock
def retell(
    account_id: int, state: AccountState, reason: str, *, mail: bool = False
) -> bool:
    """Say something else about a state that lasts, and `mail` it to the operator.

    False where the state has ended, or where that was said already.
    """
    reason = reason[:LONGEST_REASON]
    rows = DiscordAccount.objects.filter(pk=account_id, enabled=True, state=state)
    with transaction.atomic():
        if not mail:
            rows = rows.exclude(state_reason=reason)
        changed = rows.update(state_reason=reason)
        if changed:
            tell(account_id)
        if changed and mail:
            mails.note(account_id, state, reason, again=True)
    return bool(changed)


# --- how that ends -------------------------------------------------------------------


def release(account_id: int, state: AccountState, *, by: str) -> bool:
    """Let an account go on once a person has done what this state waited for.

    False where it stands somewhere else by now.
    """
    return _move(account_id, Cause.PERSON, _home, only=state, by=by)


def resume(account_id: int) -> bool:
    """Let an account go on once the end of its state is over."""
    return _move(account_id, Cause.END, _home)


def resume_due() -> None:
    """Bring back every account whose state has an end that is over."""
    over = DiscordAccount.objects.filter(enabled=True, resume_at__lte=timezone.now())
    for account_id in over.values_list("pk", flat=True):
        resume(account_id)


def follow_work_hours() -> None:
    """Let the accounts rest whose work hours have ended; they come back by `resume`."""
    now = timezone.now()
    routine = DiscordAccount.objects.filter(enabled=True, state__in=ROUTINE)
    timed = routine.exclude(work_time="").order_by()
    over = [
        text
        for text in timed.values_list("work_time", flat=True).distinct()
        if home(text, now).state == AccountState.RESTING
    ]
    if over:
        for account_id in timed.filter(work_time__in=over).values_list("pk", flat=True):
            _move(account_id, Cause.HOURS, _home)


def follow_person(account_id: int, *, by: str) -> bool:
    """Move an account as its operator wants who has just saved its row."""

    def wanted(found: _Found) -> Standing:
        if not found.enabled:
            return Standing(AccountState.DISABLED)
        here = _home(found)
        is_up = found.standing.state in ROUTINE and here.state not in {
            AccountState.RESTING
        }
        return found.standing if is_up else here

    return _move(account_id, Cause.PERSON, wanted, by=by)


def begin(account: DiscordAccount) -> None:
    """Set where a new account stands, before its row is written."""
    first = home(account.work_time, timezone.now())
    if not account.enabled:
        first = Standing(AccountState.DISABLED)
    account.state, account.resume_at = first.state, first.until
    account.state_reason = _resting(first) if first.until else ""


def home(work_time: str, moment: datetime) -> Standing:
    """Return where an account stands that nothing is wrong with."""
    try:
        if not work_time or hours.covers(work_time, moment):
            return Standing(AccountState.CONNECTING)
    except ValueError:  # the field refuses it: somebody else has written the row
        return Standing(AccountState.CONNECTING)
    return Standing(AccountState.RESTING, hours.next_change(work_time, moment))


# --- the move ------------------------------------------------------------------------


@dataclass(frozen=True)
class _Found:
    """The part of a row that decides."""

    standing: Standing
    since: datetime
    enabled: bool
    work_time: str


def _move(
    account_id: int,
    cause: Cause,
    target: Standing | Callable[[_Found], Standing],
    reason: str = "",
    *,
    only: AccountState | None = None,
    by: str = "",
) -> bool:
    rows = DiscordAccount.objects.filter(pk=account_id)
    for _ in range(MOST_TRIES):
        found = _read(rows)
        if found is None or (not found.enabled and cause is not Cause.PERSON):
            return False
        if only and found.standing.state != only:
            return False
        then = target if isinstance(target, Standing) else target(found)
        if not may_move(cause, found.standing, then, timezone.now()):
            return False
        said = reason[:LONGEST_REASON] or _resting(then)
        if _write(account_id, cause, found, then, said, by):
            _log(account_id, then, said)
            return True
    logger.error("account %s: everybody moves it at once", account_id)
    return False


def _read(rows: QuerySet[DiscordAccount]) -> _Found | None:
    names = ("state", "resume_at", "state_since", "enabled", "work_time")
    row = rows.values_list(*names).first()
    if row is None:
        return None
    state, until, *rest = row
    return _Found(Standing(AccountState(state), until), *rest)


@again_after_deadlock
@transaction.atomic
def _write(
    account_id: int,
    cause: Cause,
    found: _Found,
    then: Standing,
    reason: str,
    by: str,
) -> bool:
    before, now = found.standing, timezone.now()
    facts: dict[str, Any] = {"revision": F("revision") + 1} if cause in _ENDED else {}
    # The moment of the last move is the version of what was read.
    unmoved = DiscordAccount.objects.filter(
        pk=account_id,
        state=before.state,
        state_since=found.since,
        enabled=found.enabled,
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
    if cause is Cause.TROUBLE and then.actor is Actor.OPERATOR:
        mails.note(account_id, then.state, reason)
    tell(account_id)
    return True


def _home(found: _Found) -> Standing:
    return home(found.work_time, timezone.now())


def _resting(then: Standing) -> str:
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


def tell(account_id: int) -> None:
    """Send `account_changed` once the transaction is committed."""
    send: Any = partial(
        account_changed.send_robust, sender=DiscordAccount, account_id=account_id
    )
    transaction.on_commit(send)
