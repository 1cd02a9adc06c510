"""Every row of the catalogue, in every form in which a notice arrives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from gateway.handlers import Outcome, Speaker, handle
from gateway.noticing import MAX_ATTEMPTS
from gateway.protocol.constants import Event
from gateway.protocol.notices import KINDS, Effect, NoticeKind
from tasks.enums import TERMINAL, TaskStatus
from tasks.models import Task
from tasks.services import CANCELLED
from tests.gateway import wire
from tests.gateway.rows import again, make_running
from tests.gateway.wire import AMBER, CHANNEL, STRANGER, US

CREATE, UPDATE = Event.MESSAGE_CREATE, Event.MESSAGE_UPDATE
CLICK, PROGRESS, NOTICE = (str(1311111111111114000 + n) for n in range(3))
TITLES = [(kind, title) for kind in KINDS for title in kind.titles]

Tell = Callable[[Speaker, Task, str], Outcome]


@pytest.fixture
def task(alice: User, account: DiscordAccount) -> Task:
    return make_running(alice, account)


def with_nonce(speaker: Speaker, task: Task, title: str) -> Outcome:
    data = wire.notice(NOTICE, title, nonce=task.nonce, flags=64, type=20)
    return handle(speaker, CREATE, data)


def by_filling_the_answer(speaker: Speaker, task: Task, title: str) -> Outcome:
    empty = wire.message(PROGRESS, nonce=task.nonce, flags=192, type=20)
    handle(speaker, CREATE, empty)
    return handle(speaker, UPDATE, wire.notice(PROGRESS, title, flags=64))


def by_update(speaker: Speaker, task: Task, title: str) -> Outcome:
    handle(speaker, CREATE, wire.start(PROGRESS, nonce=task.nonce))
    return handle(speaker, UPDATE, wire.notice(PROGRESS, title))


def by_interaction(speaker: Speaker, task: Task, title: str) -> Outcome:
    handle(speaker, Event.INTERACTION_CREATE, {"id": CLICK, "nonce": task.nonce})
    return handle(speaker, CREATE, wire.notice(NOTICE, title, **wire.answers(CLICK)))


def by_reply(speaker: Speaker, task: Task, title: str) -> Outcome:
    handle(speaker, CREATE, wire.start(PROGRESS, nonce=task.nonce))
    return handle(
        speaker, CREATE, wire.notice(NOTICE, title, **wire.reply_to(PROGRESS))
    )


FORMS = [with_nonce, by_filling_the_answer, by_update, by_interaction, by_reply]


@pytest.mark.parametrize("tell", FORMS)
@pytest.mark.parametrize(("kind", "title"), TITLES, ids=[t for _, t in TITLES])
def test_a_notice_has_its_effect_in_every_form(
    speaker: Speaker, task: Task, kind: NoticeKind, title: str, tell: Tell
) -> None:
    assert tell(speaker, task, title.capitalize()) is Outcome.TAUGHT

    told = again(task)
    assert told.account is not None
    wanted = {
        Effect.WAIT: TaskStatus.SUBMITTED,
        Effect.REQUEUE: TaskStatus.NOT_START,
    }.get(kind.effect, TaskStatus.FAILURE)
    assert told.status == wanted
    if told.status in TERMINAL:
        assert told.fail_reason == f"{title.capitalize()}: For reasons."
    paused = told.account.state == AccountState.PAUSED
    assert paused is (kind.effect is Effect.PAUSE)


@pytest.mark.parametrize("tell", FORMS)
def test_the_same_notice_again_changes_nothing(
    speaker: Speaker, task: Task, tell: Tell
) -> None:
    tell(speaker, task, "Banned prompt detected")
    revision = again(task).revision

    tell(speaker, task, "Banned prompt detected")

    assert again(task).revision == revision


def test_an_unknown_red_notice_fails_with_its_words(
    speaker: Speaker, task: Task
) -> None:
    data = wire.notice(NOTICE, "Odd", "Nobody knows why", nonce=task.nonce)

    handle(speaker, CREATE, data)

    assert again(task).fail_reason == "Odd: Nobody knows why"


@pytest.mark.parametrize(
    "text", ["Failed to process your command", "There was an error processing it"]
)
def test_a_plain_text_fails_the_task(speaker: Speaker, task: Task, text: str) -> None:
    handle(speaker, CREATE, wire.message(NOTICE, text, nonce=task.nonce))

    assert again(task).status == TaskStatus.FAILURE
    assert again(task).fail_reason == text


def test_a_queued_job_gets_more_time(speaker: Speaker, task: Task) -> None:
    queued = wire.notice(NOTICE, "Job queued", "3 ahead", color=AMBER, nonce=task.nonce)

    handle(speaker, CREATE, queued)

    waiting = again(task)
    assert waiting.deadline_at is not None
    assert task.deadline_at is not None
    assert waiting.deadline_at > task.deadline_at
    assert waiting.description == "Job queued: 3 ahead"
    assert waiting.progress_message_id == NOTICE
    assert waiting.revision == task.revision + 1  # its stream is told, once

    handle(speaker, CREATE, queued)

    assert again(task).revision == waiting.revision


def test_a_queued_job_goes_on_in_another_message(speaker: Speaker, task: Task) -> None:
    handle(speaker, CREATE, wire.notice(NOTICE, "Job queued", nonce=task.nonce))
    handle(speaker, Event.INTERACTION_CREATE, {"id": CLICK, "nonce": task.nonce})

    handle(speaker, CREATE, wire.start(PROGRESS, **wire.answers(CLICK)))

    assert again(task).progress_message_id == PROGRESS


def test_a_full_queue_lets_the_task_wait_again(speaker: Speaker, task: Task) -> None:
    by_interaction(speaker, task, "Queue full")

    waiting = again(task)
    assert waiting.status == TaskStatus.NOT_START
    assert waiting.nonce is waiting.interaction_id is waiting.progress_message_id
    assert waiting.not_before is not None
    assert waiting.not_before > timezone.now()


def test_a_queue_that_stays_full_ends_the_task(
    speaker: Speaker, alice: User, account: DiscordAccount
) -> None:
    task = make_running(alice, account, attempts=MAX_ATTEMPTS)

    with_nonce(speaker, task, "Queue full")

    assert again(task).status == TaskStatus.FAILURE


# --- the account ---------------------------------------------------------------------


@pytest.mark.parametrize("fields", [{"flags": 64}, wire.answers(CLICK, user=US)])
@pytest.mark.parametrize("title", ["Blocked", "Pending mod message", "Trial ended"])
def test_a_notice_to_the_account_needs_no_task(
    speaker: Speaker, account: DiscordAccount, title: str, fields: dict[str, Any]
) -> None:
    handle(speaker, CREATE, wire.notice(NOTICE, title, "For a day.", **fields))

    account.refresh_from_db()
    assert account.state == AccountState.PAUSED
    assert account.state_reason == f"{title}: For a day."


@pytest.mark.parametrize(
    "fields",
    [
        wire.answers(CLICK, user=STRANGER),
        wire.reply_to("1311111111111114777"),
        {},
    ],
)
def test_a_notice_to_somebody_else_does_not_pause_the_account(
    speaker: Speaker, account: DiscordAccount, fields: dict[str, Any]
) -> None:
    handle(speaker, CREATE, wire.notice(NOTICE, "Blocked", **fields))

    account.refresh_from_db()
    assert account.state == AccountState.READY


def test_an_old_notice_does_not_pause_the_account_again(
    speaker: Speaker, account: DiscordAccount, task: Task
) -> None:
    with_nonce(speaker, task, "Blocked")
    DiscordAccount.objects.filter(pk=account.pk).update(state=AccountState.READY)

    with_nonce(speaker, task, "Blocked")  # read again from history

    account.refresh_from_db()
    assert account.state == AccountState.READY


# --- other ends ----------------------------------------------------------------------


def test_an_interaction_that_failed_ends_the_task(speaker: Speaker, task: Task) -> None:
    data = {"id": CLICK, "nonce": task.nonce, "reason_code": 2}

    assert handle(speaker, Event.INTERACTION_FAILURE, data) is Outcome.TAUGHT

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
    speaker: Speaker, task: Task, event: Event, nonce: dict[str, Any]
) -> None:
    assert handle(speaker, event, {"id": CLICK, **nonce}) is Outcome.NOT_OURS
    assert again(task).status == TaskStatus.SUBMITTED


@pytest.mark.parametrize(
    "event", [Event.INTERACTION_MODAL_CREATE, Event.INTERACTION_IFRAME_MODAL_CREATE]
)
def test_a_window_that_nobody_answers_ends_the_task(
    speaker: Speaker, account: DiscordAccount, task: Task, event: Event
) -> None:
    data = {"id": CLICK, "nonce": task.nonce, "iframe_path": "/inpaint/x"}

    handle(speaker, event, data)

    account.refresh_from_db()
    assert again(task).status == TaskStatus.FAILURE
    assert account.state == AccountState.READY


def test_a_human_verification_pauses_the_account_and_ends_the_task(
    speaker: Speaker, account: DiscordAccount, task: Task
) -> None:
    data = {"id": CLICK, "nonce": task.nonce, "iframe_path": "/captcha/abc"}

    handle(speaker, Event.INTERACTION_IFRAME_MODAL_CREATE, data)

    account.refresh_from_db()
    assert again(task).status == TaskStatus.FAILURE
    assert account.state == AccountState.PAUSED


def test_a_human_verification_pauses_the_account_without_a_task(
    speaker: Speaker, account: DiscordAccount
) -> None:
    data = {"id": CLICK, "nonce": "5", "iframe_path": "captcha/abc"}

    handle(speaker, Event.INTERACTION_IFRAME_MODAL_CREATE, data)

    account.refresh_from_db()
    assert account.state == AccountState.PAUSED


@pytest.mark.parametrize("asked", [False, True])
def test_a_stopped_job_ends_its_task(speaker: Speaker, task: Task, asked: bool) -> None:
    handle(speaker, CREATE, wire.start(PROGRESS, nonce=task.nonce))
    if asked:
        Task.objects.update(cancel_requested_at=timezone.now())
    stopped = wire.message(PROGRESS, f"**{wire.PROMPT}** - <@{US}> (Stopped)")

    handle(speaker, UPDATE, {"id": PROGRESS, "channel_id": CHANNEL, **stopped})

    assert again(task).status == TaskStatus.FAILURE
    assert (again(task).fail_reason == CANCELLED) is asked
