from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import DiscordAccount, User
from gateway.models import GatewaySession
from gateway.sending.refusals import MAX_ATTEMPTS
from gateway.sockets import history
from gateway.sockets.history import REMOVED_GRACE, SILENCE, judge, silent_tasks
from gateway.timing import LOOK_EVERY, REQUEST_LIFE
from tasks.enums import Delivery, TaskStatus, WindowState
from tasks.models import Task
from tasks.services import CANCELLED
from tests.factories import make_account
from tests.gateway.rows import again, make_running, make_session, make_waiting
from tests.gateway.wire import JOB

SECOND = timedelta(seconds=1)
NOW = -SECOND
HEARD = {"interaction_id": "91"}


def ago(span: timedelta) -> datetime:
    return timezone.now() - span - SECOND


def then(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields, with spans of time counted back from now."""
    return {k: ago(v) if isinstance(v, timedelta) else v for k, v in fields.items()}


def judged(task: Task) -> Task:
    assert task.account_id is not None
    judge(task.account_id, [task.pk])
    return again(task)


# --- which tasks are silent ----------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"removed_at": REMOVED_GRACE},
        {"claimed_at": LOOK_EVERY},
        {"claimed_at": LOOK_EVERY, "checked_at": LOOK_EVERY},
        {"deadline_at": SECOND},
        {"claimed_at": SILENCE, **HEARD},
        {"claimed_at": 2 * SILENCE, "checked_at": SILENCE, **HEARD},
        {"status": TaskStatus.IN_PROGRESS, "claimed_at": SILENCE, **HEARD},
    ],
)
def test_a_silent_task_is_found(
    alice: User, account: DiscordAccount, fields: dict[str, Any]
) -> None:
    task = make_running(alice, account, **then(fields))

    assert silent_tasks() == {account.pk: [task.pk]}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"removed_at": NOW},
        {"claimed_at": LOOK_EVERY, **HEARD},
        {"claimed_at": LOOK_EVERY, "progress_message_id": "92"},
        {"claimed_at": SILENCE, "checked_at": NOW, **HEARD},
        {"status": TaskStatus.FAILURE, "deadline_at": SECOND},
        {"status": TaskStatus.NOT_START, "deadline_at": SECOND},
    ],
)
def test_others_are_not(
    alice: User, account: DiscordAccount, fields: dict[str, Any]
) -> None:
    make_running(alice, account, **then(fields))
    silent = make_running(alice, make_account(), deadline_at=ago(SECOND))

    assert silent_tasks() == {silent.account_id: [silent.pk]}


# --- the verdict ---------------------------------------------------------------------


def test_a_removed_job_ends(
    alice: User, account: DiscordAccount, session: GatewaySession
) -> None:
    task = make_running(alice, account, removed_at=ago(REMOVED_GRACE), **HEARD)

    assert judged(task).status == TaskStatus.FAILURE
    assert "removed by Midjourney" in again(task).fail_reason


def test_a_removed_job_that_its_owner_cancelled_says_so(
    alice: User, account: DiscordAccount, session: GatewaySession
) -> None:
    task = make_running(
        alice,
        account,
        removed_at=ago(REMOVED_GRACE),
        cancel_requested_at=timezone.now(),
        **HEARD,
    )

    assert judged(task).fail_reason == CANCELLED


def test_a_job_that_was_removed_just_now_is_waited_for(
    alice: User, account: DiscordAccount, session: GatewaySession
) -> None:
    task = make_running(alice, account, removed_at=timezone.now(), **HEARD)

    assert judged(task).status == TaskStatus.SUBMITTED


def test_a_task_ends_at_its_deadline(
    alice: User, account: DiscordAccount, session: GatewaySession
) -> None:
    task = make_running(alice, account, deadline_at=ago(SECOND), **HEARD)

    assert judged(task).status == TaskStatus.FAILURE
    assert "timed out after 10 minutes" in again(task).fail_reason


@pytest.mark.parametrize("delivery", [Delivery.SENDING, Delivery.UNKNOWN])
def test_what_cannot_arrive_any_more_is_sent_again(
    alice: User, account: DiscordAccount, session: GatewaySession, delivery: str
) -> None:
    task = make_running(alice, account, claimed_at=ago(REQUEST_LIFE), delivery=delivery)

    waiting = judged(task)

    assert waiting.status == TaskStatus.NOT_START
    assert waiting.nonce is None
    assert (waiting.delivery, waiting.claimed_at) == ("", None)
    assert waiting.attempts == 1


@pytest.mark.parametrize("delivery", [Delivery.SENDING, Delivery.UNKNOWN])
@pytest.mark.parametrize("is_live", [True, False])
def test_silence_proves_nothing_while_a_request_may_arrive(
    alice: User, account: DiscordAccount, delivery: str, *, is_live: bool
) -> None:
    make_session(account, is_live=is_live)
    young = timezone.now() - REQUEST_LIFE + 5 * SECOND
    task = make_running(alice, account, claimed_at=young, delivery=delivery)

    assert judged(task).status == TaskStatus.SUBMITTED


@pytest.mark.parametrize(
    "heard",
    [
        {"delivery": Delivery.ACCEPTED},
        {"interaction_id": "91"},
        {"progress_message_id": "92"},
        {"job_id": JOB},
        {"claimed_at": None},
    ],
)
def test_what_discord_has_taken_is_never_sent_again(
    alice: User,
    account: DiscordAccount,
    session: GatewaySession,
    heard: dict[str, Any],
) -> None:
    values: dict[str, Any] = {"claimed_at": ago(2 * REQUEST_LIFE)} | heard
    task = make_running(alice, account, **values)

    assert judged(task).status == TaskStatus.SUBMITTED


def test_a_claim_that_is_young_is_left_alone(
    alice: User, account: DiscordAccount, session: GatewaySession
) -> None:
    task = make_running(alice, account)

    assert judged(task).status == TaskStatus.SUBMITTED
    assert again(task).checked_at is not None


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"attempts": MAX_ATTEMPTS},
        {"cancel_requested_at": NOW},
        {"window": WindowState.ANSWERED},
    ],
)
def test_a_claim_that_is_renewed_while_it_is_judged_stands(
    alice: User, account: DiscordAccount, fields: dict[str, Any]
) -> None:
    values = {"claimed_at": REQUEST_LIFE, **fields}
    task = make_running(alice, account, **then(values))
    Task.objects.update(claimed_at=timezone.now())

    history._send_again(task)

    assert again(task).status == TaskStatus.SUBMITTED


def test_after_too_many_attempts_it_ends(
    alice: User, account: DiscordAccount, session: GatewaySession
) -> None:
    task = make_running(
        alice, account, claimed_at=ago(REQUEST_LIFE), attempts=MAX_ATTEMPTS
    )

    assert judged(task).status == TaskStatus.FAILURE
    assert "has not taken" in again(task).fail_reason


def test_what_its_owner_cancelled_is_not_sent_again(
    alice: User, account: DiscordAccount, session: GatewaySession
) -> None:
    task = make_running(
        alice,
        account,
        claimed_at=ago(REQUEST_LIFE),
        cancel_requested_at=timezone.now(),
    )

    assert judged(task).fail_reason == CANCELLED


def test_only_running_tasks_of_the_account_are_judged(
    alice: User, account: DiscordAccount, session: GatewaySession
) -> None:
    waiting = make_waiting(alice, account, deadline_at=ago(SECOND))
    foreign = make_running(alice, make_account(), deadline_at=ago(SECOND))

    judge(account.pk, [waiting.pk, foreign.pk])

    assert again(waiting).status == TaskStatus.NOT_START
    assert again(foreign).status == TaskStatus.SUBMITTED
