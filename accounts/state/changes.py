"""Move accounts between states. No other module does; `accounts.states` has the table.

Discord's verdicts apply to a Discord user, and so do a person's corrections: all rows
of the user are moved in one transaction.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.enums import AccountState
from accounts.models import DiscordAccount
from accounts.selectors import ids_of_user, ids_with_token_of, lock_users
from accounts.state import mails
from accounts.state.moves import (
    LONGEST_REASON,
    Found,
    Known,
    move,
    resting_words,
    scheduled_standing,
    scheduled_standing_of,
    send_account_changed,
)
from accounts.states import (
    LOST,
    ROUTINE,
    TROUBLES,
    Actor,
    Cause,
    Standing,
)
from mjproxy.lib.db.deadlocks import again_after_deadlock

FIELDS: Final = ("state", "state_reason", "state_since", "resume_at")


# --- troubles -------------------------------------------------------------------------


def set_state(account_id: int, state: AccountState, reason: str = "") -> bool:
    """Set the state of the connection; tell whether it changed.

    A state that outranks a connection state stays.
    """
    return move(account_id, Cause.GATEWAY, Standing(state), reason)


@again_after_deadlock
def trouble(
    account_id: int,
    state: AccountState,
    reason: str,
    until: datetime | None = None,
    *,
    own: bool = False,
    asked_at: datetime | None = None,
    revision: int | None = None,
) -> bool:
    """Move an account into a state in which it cannot draw; tell whether it moved.

    `until` is the end of the state; None: a person must act. The trouble concerns all
    rows of the Discord user, or all rows with the token if the token is invalid, or
    with `own` this row only. The heavier or longer of two troubles stays. A trouble
    whose request was `asked_at` before the last act of a person, or that belongs to an
    older `revision`, is ignored.
    """
    own = own and state != AccountState.INVALID_TOKEN
    then = Standing(state, until)
    with transaction.atomic():
        lock_users([account_id])
        ids = [account_id] if own else _ids_in(state, account_id)
        if revision is not None and not _is_current(account_id, revision):
            return False
        moved = [
            pk
            for pk in ids
            if move(
                pk,
                Cause.TROUBLE,
                then,
                reason,
                known=Known(asked_at, revision if pk == account_id else None),
                shared=not own,
            )
        ]
        if moved and then.actor is Actor.OPERATOR:
            teller = account_id if account_id in moved else moved[0]
            mails.note(teller, state, reason[:LONGEST_REASON], rows=ids)
    return bool(moved)


def share_troubles(account_id: int) -> bool:
    """Copy the troubles of the Discord user's other rows; tell whether it moved."""
    others = DiscordAccount.objects.filter(
        pk__in=ids_of_user(account_id),
        enabled=True,
        is_shared=True,
        state__in=sorted(TROUBLES - LOST),
    ).exclude(pk=account_id)
    found = others.values_list("state", "resume_at", "state_reason")
    moves = [
        move(
            account_id,
            Cause.TROUBLE,
            Standing(AccountState(state), until),
            reason,
            shared=True,
        )
        for state, until, reason in found
    ]
    return any(moves)


@again_after_deadlock
def update_reason(
    account_id: int, state: AccountState, reason: str, *, mail: bool = False
) -> bool:
    """Replace the reason of a state that continues; with `mail` mail the operator.

    Returns False if the state has ended, or without `mail` if the reason is the same.
    """
    reason = reason[:LONGEST_REASON]
    rows = DiscordAccount.objects.filter(pk=account_id, enabled=True, state=state)
    with transaction.atomic():
        if not mail:
            rows = rows.exclude(state_reason=reason)
        changed = rows.update(state_reason=reason)
        if changed:
            _update_reason_of_others(account_id, state, reason)
            send_account_changed(account_id)
        if changed and mail:
            mails.note(account_id, state, reason, again=True)
    return bool(changed)


def _update_reason_of_others(account_id: int, state: AccountState, reason: str) -> None:
    if state in TROUBLES:
        same = DiscordAccount.objects.filter(pk__in=ids_of_user(account_id))
        same.filter(is_shared=True, state=state).update(state_reason=reason)


# --- ends of states -------------------------------------------------------------------


@again_after_deadlock
@transaction.atomic
def release(account_id: int, state: AccountState, *, by: str) -> bool:
    """End a state on all rows of a Discord user, after a person's act.

    Returns False if no row of the user is in that state.
    """
    lock_users([account_id])
    note_act(account_id)
    moves = [
        move(pk, Cause.PERSON, scheduled_standing_of, only=state, by=by)
        for pk in ids_of_user(account_id)
        if pk == account_id or _is_shared(pk, state)
    ]
    return any(moves)


def resume(account_id: int) -> bool:
    """End the account's current state once its `resume_at` has passed."""
    return move(account_id, Cause.END, scheduled_standing_of)


def resume_due() -> None:
    """Resume all accounts whose `resume_at` has passed."""
    over = DiscordAccount.objects.filter(enabled=True, resume_at__lte=timezone.now())
    for account_id in over.values_list("pk", flat=True):
        resume(account_id)


def follow_work_hours() -> None:
    """Let accounts rest whose work hours have ended; `resume` ends the rest."""
    now = timezone.now()
    routine = DiscordAccount.objects.filter(enabled=True, state__in=ROUTINE)
    timed = routine.exclude(work_time="").order_by()
    over = [
        text
        for text in timed.values_list("work_time", flat=True).distinct()
        if scheduled_standing(text, now).state == AccountState.RESTING
    ]
    if over:
        for account_id in timed.filter(work_time__in=over).values_list("pk", flat=True):
            move(account_id, Cause.HOURS, scheduled_standing_of)


@again_after_deadlock
@transaction.atomic
def follow_person(account_id: int, *, by: str, helped: bool = True) -> bool:
    """Move an account after its operator has saved its row; tell whether it moved.

    `helped`: the operator did what the trouble waited for. The same trouble then ends
    on all rows of the Discord user.
    """

    def wanted(found: Found) -> Standing:
        if not found.enabled:
            return Standing(AccountState.DISABLED)
        state = found.standing.state
        if state in TROUBLES and not helped:
            return found.standing
        here = scheduled_standing_of(found)
        is_up = state in ROUTINE and here.state not in {AccountState.RESTING}
        return found.standing if is_up else here

    lock_users([account_id])
    rows = DiscordAccount.objects.filter(pk=account_id)
    before = rows.values_list("state", "is_shared", "enabled").first()
    if helped:
        note_act(account_id)
    moved = move(account_id, Cause.PERSON, wanted, by=by)
    if before is None or not (moved and before[2]):
        return moved
    state, was_shared = AccountState(before[0]), before[1]
    if was_shared:
        for pk in _others_with(account_id, state):
            move(pk, Cause.PERSON, scheduled_standing_of, only=state, by=by)
    else:  # the trouble was this row's own
        share_troubles(account_id)
    return moved


def _others_with(account_id: int, state: AccountState) -> list[int]:
    ids = _ids_in(state, account_id)
    return [pk for pk in ids if pk != account_id and _is_shared(pk, state)]


def _ids_in(state: AccountState, account_id: int) -> list[int]:
    """Return the rows that share this state with the account.

    They have the same token if it is invalid, or else the same Discord user.
    """
    is_token = state == AccountState.INVALID_TOKEN
    return (ids_with_token_of if is_token else ids_of_user)(account_id)


def _is_shared(account_id: int, state: AccountState) -> bool:
    rows = DiscordAccount.objects.filter(pk=account_id, enabled=True)
    return rows.filter(state=state, is_shared=True).exists()


def _is_current(account_id: int, revision: int) -> bool:
    return DiscordAccount.objects.filter(pk=account_id, revision=revision).exists()


def note_act(account_id: int) -> None:
    """Store the time of a person's act; answers to older requests are then ignored."""
    rows = DiscordAccount.objects.filter(pk__in=ids_of_user(account_id))
    rows.update(acted_at=timezone.now())


def begin(account: DiscordAccount) -> None:
    """Set the first state of a new account, before its row is written."""
    first = scheduled_standing(account.work_time, timezone.now())
    if not account.enabled:
        first = Standing(AccountState.DISABLED)
    account.state, account.resume_at = first.state, first.until
    account.state_reason = resting_words(first) if first.until else ""
