"""Effects of each answer of Discord on the task and on its account."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.editing.save import save_account
from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from gateway.models import DispatchLane
from gateway.protocol.answers import Answer, Verdict
from gateway.sending.dispatch import settle
from tasks.enums import Delivery, TaskStatus
from tasks.models import Task
from tests.gateway.rows import again, make_running, make_session


@pytest.fixture
def task(alice: User, account: DiscordAccount) -> Task:
    make_session(account)
    return make_running(alice, account)


def settled(task: Task, verdict: Verdict, **fields: Any) -> Task:
    assert task.account_id is not None
    assert task.nonce is not None
    settle(task.account_id, task.pk, task.nonce, Answer(verdict, "why", **fields))
    return again(task)


def test_an_accepted_one_runs(task: Task) -> None:
    found = settled(task, Verdict.ACCEPTED)

    assert found.status == TaskStatus.SUBMITTED
    assert found.delivery == Delivery.ACCEPTED
    assert found.started_at is not None
    assert found.nonce == task.nonce


def test_an_answer_to_what_an_older_token_sent_says_nothing_of_the_new_one(
    task: Task, account: DiscordAccount
) -> None:
    account.user_token = "another"
    save_account(account, fields={"user_token"})

    settled(task, Verdict.TOKEN_DEAD)

    account.refresh_from_db()
    assert account.state == AccountState.READY


def test_an_unknown_one_is_looked_up_and_not_sent_again(task: Task) -> None:
    found = settled(task, Verdict.UNKNOWN)

    assert found.status == TaskStatus.SUBMITTED
    assert found.delivery == Delivery.UNKNOWN
    assert found.revision == task.revision + 1  # its owner can see it
    assert found.nonce == task.nonce


def test_one_for_later_waits_again_and_the_account_rests(task: Task) -> None:
    found = settled(task, Verdict.LATER, retry_after=100)

    assert found.status == TaskStatus.NOT_START
    assert found.nonce is None
    assert found.attempts == 0  # a rate limit says nothing against the task
    assert found.not_before is not None
    assert 100 < (found.not_before - timezone.now()).total_seconds() < 130
    assert DispatchLane.objects.get().rest_until == found.not_before


def test_a_refused_one_ends_with_discords_words(task: Task) -> None:
    found = settled(task, Verdict.REFUSED)

    assert found.status == TaskStatus.FAILURE
    assert found.fail_reason == "why"


def test_a_dead_token_stops_the_account_and_ends_no_task(task: Task) -> None:
    found = settled(task, Verdict.TOKEN_DEAD)

    assert found.status == TaskStatus.NOT_START
    assert found.account is not None
    assert found.account.state == AccountState.INVALID_TOKEN
    assert found.account.state_reason == "why"


def test_where_a_person_is_needed_the_account_pauses_and_no_task_ends(
    task: Task,
) -> None:
    found = settled(task, Verdict.NEEDS_PERSON)

    assert found.status == TaskStatus.NOT_START
    assert found.account is not None
    assert found.account.enabled
    assert found.account.state == AccountState.PAUSED


@pytest.mark.parametrize("verdict", list(Verdict))
def test_an_answer_to_an_earlier_nonce_says_nothing(
    task: Task, verdict: Verdict
) -> None:
    assert task.account_id is not None

    settle(task.account_id, task.pk, "1311111111111119999", Answer(verdict, "why"))

    found = again(task)
    assert (found.status, found.delivery) == (TaskStatus.SUBMITTED, Delivery.SENDING)
    assert found.nonce == task.nonce


@pytest.mark.parametrize("verdict", [v for v in Verdict if v is not Verdict.ACCEPTED])
def test_what_the_gateway_has_heard_weighs_more(task: Task, verdict: Verdict) -> None:
    Task.objects.update(interaction_id="93", delivery=Delivery.ACCEPTED)

    found = settled(task, verdict)

    assert (found.status, found.delivery) == (TaskStatus.SUBMITTED, Delivery.ACCEPTED)
    assert found.nonce == task.nonce


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_task_that_is_over_stays_as_it_is(task: Task, verdict: Verdict) -> None:
    Task.objects.update(status=TaskStatus.SUCCESS, delivery=Delivery.ACCEPTED)

    found = settled(task, verdict)

    assert (found.status, found.delivery) == (TaskStatus.SUCCESS, Delivery.ACCEPTED)
