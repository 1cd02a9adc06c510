from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from gateway.events.handlers import Recipient, handle
from gateway.lanes import lane, next_task
from gateway.models import GatewaySession
from gateway.protocol.answers import Answer, Verdict
from gateway.protocol.constants import Event
from gateway.sending import window_answers
from gateway.sending.refusals import MAX_ATTEMPTS
from gateway.sockets.history import judge
from tasks.enums import Delivery, TaskStatus, WindowState
from tasks.models import Task
from tasks.services import CANCELLED, cancel
from tests.gateway import wire
from tests.gateway.fakes import FakeHttp
from tests.gateway.rows import again, make_session
from tests.gateway.windows import (
    ANSWER,
    CLICK,
    EXPIRED,
    FIELD,
    PROGRESS,
    WINDOW,
    answered,
    long_ago,
    opened,
    press,
)
from tests.gateway.wire import JOB

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_window_of_a_task_to_be_cancelled_is_not_answered(
    recipient: Recipient, session: GatewaySession, pressed: Task, http: FakeHttp
) -> None:
    opened(recipient, pressed)
    assert cancel(again(pressed))

    task = answered(pressed)

    assert http.bodies == []
    assert (task.status, task.fail_reason) == (TaskStatus.FAILURE, CANCELLED)


def test_the_answer_has_a_nonce_of_its_own_and_names_the_click(
    recipient: Recipient, session: GatewaySession, pressed: Task, http: FakeHttp
) -> None:
    opened(recipient, pressed)

    task = answered(pressed)

    (body,) = http.bodies
    assert body["type"] == 5
    assert body["session_id"] == session.session_id
    assert body["data"] == {
        "id": CLICK,
        "custom_id": WINDOW,
        "components": [
            {
                "type": 1,
                "components": [{"type": 4, "custom_id": FIELD, "value": "a blue fox"}],
            }
        ],
    }
    assert body["nonce"] == task.nonce != pressed.nonce
    assert task.delivery == Delivery.ACCEPTED
    assert task.window == WindowState.ANSWERED


def test_what_answers_the_answer_belongs_to_the_task(
    recipient: Recipient, session: GatewaySession, pressed: Task, http: FakeHttp
) -> None:
    opened(recipient, pressed)
    task = answered(pressed)
    created = {"id": ANSWER, "nonce": task.nonce}

    handle(recipient, Event.INTERACTION_CREATE, created)
    metadata = wire.answers(ANSWER, triggering_interaction_metadata={"id": CLICK})
    text = {"said": "Remix (Strong) by ", **metadata}
    handle(recipient, Event.MESSAGE_CREATE, wire.final(PROGRESS, job=JOB, **text))

    done = again(task)
    assert (done.interaction_id, done.window_interaction_id) == (CLICK, ANSWER)
    assert (done.status, done.job_id) == (TaskStatus.SUCCESS, JOB)
    assert done.message_id == PROGRESS


def test_without_a_live_session_nothing_is_posted(
    recipient: Recipient, account: DiscordAccount, pressed: Task, http: FakeHttp
) -> None:
    make_session(account, is_live=False)
    opened(recipient, pressed)

    task = answered(pressed)

    assert http.bodies == []
    assert task.window == WindowState.OPEN
    assert window_answers.to_answer() == [task.pk]


def test_an_expired_window_is_opened_anew_after_a_pause(
    recipient: Recipient, session: GatewaySession, pressed: Task, http: FakeHttp
) -> None:
    http.answers = [EXPIRED]
    opened(recipient, pressed)

    task = answered(pressed)

    assert task.status == TaskStatus.NOT_START
    assert task.not_before is not None
    assert task.not_before > timezone.now()
    assert (task.window, task.window_id) == (WindowState.EXPECTED, "")
    assert (task.nonce, task.interaction_id) == (None, None)


def test_a_window_is_not_opened_anew_for_ever(
    recipient: Recipient, alice: User, account: DiscordAccount, http: FakeHttp
) -> None:
    make_session(account)
    http.answers = [EXPIRED]
    task = press(alice, account, attempts=MAX_ATTEMPTS)
    opened(recipient, task)

    task = answered(task)

    assert task.status == TaskStatus.FAILURE
    assert "Discord 404" in task.fail_reason


def test_a_rate_limit_leaves_the_window_open_for_later(
    recipient: Recipient, session: GatewaySession, pressed: Task, http: FakeHttp
) -> None:
    http.answers = [Answer(Verdict.LATER, "Discord 429", 30.0)]
    opened(recipient, pressed)

    task = answered(pressed)

    assert task.window == WindowState.OPEN
    assert window_answers.to_answer() == []
    assert lane.is_resting(session.account_id)


def test_while_discord_wants_silence_the_window_waits(
    recipient: Recipient, session: GatewaySession, pressed: Task, http: FakeHttp
) -> None:
    lane.rest(session.account_id, timezone.now() + timedelta(hours=1))
    opened(recipient, pressed)

    assert answered(pressed).window == WindowState.OPEN
    assert http.bodies == []
    assert window_answers.to_answer() == [pressed.pk]


def test_the_next_task_keeps_its_distance_from_an_answer(
    recipient: Recipient, session: GatewaySession, pressed: Task, http: FakeHttp
) -> None:
    DiscordAccount.objects.update(after_interval_min=50, after_interval_max=60)
    lane.rest(session.account_id, timezone.now())  # the lane is there
    opened(recipient, pressed)

    answered(pressed)

    sessions = next_task.sessions_of(session.account_id)
    assert sessions is not None
    assert 40 < sessions.lane.rest <= 60


def test_what_may_have_been_taken_is_not_answered_again(
    recipient: Recipient, session: GatewaySession, pressed: Task, http: FakeHttp
) -> None:
    http.answers = [Answer(Verdict.UNKNOWN, "timed out")]
    opened(recipient, pressed)

    answered(pressed)
    task = answered(pressed)

    assert len(http.bodies) == 1
    assert (task.window, task.delivery) == (WindowState.ANSWERED, Delivery.UNKNOWN)


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        (Verdict.TOKEN_DEAD, AccountState.INVALID_TOKEN),
        (Verdict.NEEDS_PERSON, AccountState.PAUSED),
        (Verdict.UNVERIFIED, AccountState.VERIFICATION),
    ],
)
def test_a_refused_account_keeps_the_task_for_later(
    recipient: Recipient,
    session: GatewaySession,
    account: DiscordAccount,
    pressed: Task,
    http: FakeHttp,
    verdict: Verdict,
    state: AccountState,
) -> None:
    http.answers = [Answer(verdict, "no")]
    opened(recipient, pressed)

    task = answered(pressed)

    account.refresh_from_db()
    assert task.status == TaskStatus.NOT_START
    assert account.state == state


# --- nothing heard -------------------------------------------------------------------


def test_an_answer_that_was_never_taken_is_given_anew(
    account: DiscordAccount, session: GatewaySession, pressed: Task
) -> None:
    sent = {"window": WindowState.ANSWERED, "interaction_id": CLICK}
    task = long_ago(pressed, delivery=Delivery.UNKNOWN, **sent)

    judge(account.pk, [task.pk])

    task = again(task)
    assert (task.status, task.window) == (TaskStatus.NOT_START, WindowState.EXPECTED)


def test_an_answer_that_was_taken_waits_for_its_drawing(
    account: DiscordAccount, session: GatewaySession, pressed: Task
) -> None:
    sent = {"window": WindowState.ANSWERED, "interaction_id": CLICK}
    task = long_ago(pressed, window_interaction_id=ANSWER, **sent)

    judge(account.pk, [task.pk])

    assert again(task).status == TaskStatus.SUBMITTED
