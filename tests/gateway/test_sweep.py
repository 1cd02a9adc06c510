from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from gateway import sweep
from gateway.sweep import GATEWAY_GRACE, LONGEST_WAIT
from tasks.enums import TaskStatus
from tasks.services import CANCELLED
from tests.factories import make_account
from tests.gateway.rows import again, make_running, make_session, make_waiting

MINUTE = timedelta(minutes=1)


def test_a_ready_account_with_a_waiting_task_is_found(
    alice: User, account: DiscordAccount
) -> None:
    make_session(account)
    make_waiting(alice, account)
    make_waiting(alice, account)

    assert sweep.accounts_to_dispatch() == [account.pk]


def test_channels_of_one_discord_user_share_its_slots(
    alice: User, account: DiscordAccount
) -> None:
    other = make_account()
    make_session(account)
    make_session(other)
    make_waiting(alice, account)
    make_waiting(alice, other)

    (found,) = sweep.accounts_to_dispatch()
    assert found in (account.pk, other.pk)

    for n in range(account.core_size):
        make_running(alice, other, f"number {n}")
    assert sweep.accounts_to_dispatch() == []


def test_a_task_that_shall_wait_is_not_found(
    alice: User, account: DiscordAccount
) -> None:
    make_session(account)
    make_waiting(alice, account, not_before=timezone.now() + MINUTE)
    assert sweep.accounts_to_dispatch() == []

    make_waiting(alice, account, not_before=timezone.now() - MINUTE)
    assert sweep.accounts_to_dispatch() == [account.pk]


@pytest.mark.parametrize(
    "fields",
    [{"state": AccountState.DISCONNECTED}, {"enabled": False}, {"core_size": 1}],
)
def test_an_account_that_cannot_send_is_not_found(
    alice: User, fields: dict[str, Any]
) -> None:
    account = make_account(**fields)
    make_session(account)
    make_running(alice, account)
    make_waiting(alice, account)

    assert sweep.accounts_to_dispatch() == []


# --- accounts that are lost ----------------------------------------------------------

# --- deadlines -----------------------------------------------------------------------


def test_what_waits_too_long_for_its_turn_ends(
    alice: User, account: DiscordAccount
) -> None:
    task = make_waiting(alice, account, deadline_at=timezone.now() - MINUTE)
    patient = make_waiting(alice, account, deadline_at=timezone.now() + MINUTE)
    endless = make_waiting(alice, account)

    sweep.end_overdue()

    assert again(task).status == TaskStatus.FAILURE
    assert again(patient).status == TaskStatus.NOT_START
    assert again(endless).status == TaskStatus.NOT_START


@pytest.mark.parametrize("is_deleted", [True, False])
def test_nobody_waits_longer_for_an_account_that_is_gone(
    alice: User, is_deleted: bool
) -> None:
    gone = make_account(enabled=False)
    task = make_waiting(alice, gone, deadline_at=timezone.now() - MINUTE)
    if is_deleted:
        gone.delete()

    sweep.end_overdue()

    assert again(task).status == TaskStatus.FAILURE


@pytest.mark.parametrize(
    ("since", "status"),
    [(MINUTE, TaskStatus.NOT_START), (LONGEST_WAIT + MINUTE, TaskStatus.FAILURE)],
)
def test_a_cut_off_account_is_waited_for_within_reason(
    alice: User, since: timedelta, status: TaskStatus
) -> None:
    cut_off = make_account(state=AccountState.DISCONNECTED)
    now = timezone.now()
    task = make_waiting(
        alice, cut_off, deadline_at=now - MINUTE, submitted_at=now - since
    )

    sweep.end_overdue()

    assert again(task).status == status


@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize("off", [{"enabled": False}, None])
def test_what_runs_on_an_account_that_is_off_ends_in_the_end(
    alice: User, off: dict[str, Any] | None, asked: bool
) -> None:
    now = timezone.now()
    account = make_account(**(off or {}))
    task = make_running(
        alice,
        account,
        deadline_at=now - GATEWAY_GRACE - MINUTE,
        cancel_requested_at=now if asked else None,
    )
    if off is None:
        account.delete()

    sweep.end_overdue()

    assert again(task).status == TaskStatus.FAILURE
    assert (again(task).fail_reason == CANCELLED) is asked


def test_the_gateway_judges_first(alice: User) -> None:
    off = make_account(enabled=False)
    task = make_running(alice, off, deadline_at=timezone.now() - MINUTE)

    sweep.end_overdue()

    assert again(task).status == TaskStatus.SUBMITTED


@pytest.mark.parametrize(
    ("late", "status"),
    [
        (GATEWAY_GRACE + MINUTE, TaskStatus.SUBMITTED),
        (LONGEST_WAIT + MINUTE, TaskStatus.FAILURE),
    ],
)
@pytest.mark.parametrize("state", [AccountState.READY, AccountState.DISCONNECTED])
def test_an_account_that_is_on_is_left_to_its_gateway_within_reason(
    alice: User, state: AccountState, late: timedelta, status: TaskStatus
) -> None:
    account = make_account(state=state)
    make_session(account, is_live=False)
    task = make_running(alice, account, deadline_at=timezone.now() - late)

    sweep.end_overdue()

    assert again(task).status == status
