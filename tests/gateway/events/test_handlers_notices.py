"""Ends of a task that no notice explains: failures, windows, a verification, a stop."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.enums import AccountState
from accounts.models import DiscordAccount
from gateway.events.handlers import Outcome, Recipient, handle
from gateway.protocol.constants import Event
from tasks.enums import TaskStatus
from tasks.models import Task
from tasks.services import CANCELLED
from tests.gateway import wire
from tests.gateway.rows import again
from tests.gateway.wire import CHANNEL, US

CREATE, UPDATE = Event.MESSAGE_CREATE, Event.MESSAGE_UPDATE
CLICK, PROGRESS = "1311111111111114000", "1311111111111114001"


def test_an_interaction_that_failed_ends_the_task(
    recipient: Recipient, task: Task
) -> None:
    data = {"id": CLICK, "nonce": task.nonce, "reason_code": 2}

    assert handle(recipient, Event.INTERACTION_FAILURE, data) is Outcome.TAUGHT

    assert again(task).status == TaskStatus.FAILURE
    assert "reason 2" in again(task).fail_reason


@pytest.mark.parametrize(
    "event",
    [
        Event.INTERACTION_CREATE,
        Event.INTERACTION_SUCCESS,
        Event.INTERACTION_FAILURE,
        Event.INTERACTION_MODAL_CREATE,
        Event.INTERACTION_IFRAME_MODAL_CREATE,
    ],
)
@pytest.mark.parametrize("nonce", [{}, {"nonce": None}, {"nonce": "5"}])
def test_an_interaction_of_nobody_is_not_ours(
    recipient: Recipient, task: Task, event: Event, nonce: dict[str, Any]
) -> None:
    assert handle(recipient, event, {"id": CLICK, **nonce}) is Outcome.NOT_OURS
    assert again(task).status == TaskStatus.SUBMITTED


CHALLENGE = {"id": CLICK, "iframe_path": "/captcha/embedded/index.html"}


def test_a_human_verification_locks_the_account_and_ends_the_task(
    recipient: Recipient, account: DiscordAccount, task: Task
) -> None:
    data = CHALLENGE | {"nonce": task.nonce, "custom_id": "MJ::iframe::a-token"}

    handle(recipient, Event.INTERACTION_IFRAME_MODAL_CREATE, data)

    account.refresh_from_db()
    assert again(task).status == TaskStatus.FAILURE
    assert "human verification" in again(task).fail_reason
    assert account.state == AccountState.VERIFICATION
    assert account.verification.token == "a-token"


def test_a_human_verification_locks_the_account_without_a_task(
    recipient: Recipient, account: DiscordAccount
) -> None:
    data = CHALLENGE | {"nonce": "5", "custom_id": "MJ::iframe::a-token"}

    handle(recipient, Event.INTERACTION_IFRAME_MODAL_CREATE, data)

    account.refresh_from_db()
    assert account.state == AccountState.VERIFICATION


@pytest.mark.parametrize("asked", [False, True])
def test_a_stopped_job_ends_its_task(
    recipient: Recipient, task: Task, asked: bool
) -> None:
    handle(recipient, CREATE, wire.start(PROGRESS, nonce=task.nonce))
    if asked:
        Task.objects.update(cancel_requested_at=timezone.now())
    stopped = wire.message(PROGRESS, f"**{wire.PROMPT}** - <@{US}> (Stopped)")

    handle(recipient, UPDATE, {"id": PROGRESS, "channel_id": CHANNEL, **stopped})

    assert again(task).status == TaskStatus.FAILURE
    assert (again(task).fail_reason == CANCELLED) is asked
