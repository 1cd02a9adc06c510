"""Progress of remembered tasks, and rows that were changed elsewhere since."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import DiscordAccount, User
from gateway.events.handlers import Outcome, Recipient, handle
from gateway.events.matching import Match
from gateway.events.open_tasks import COMPARED, MOST, OpenTasks
from gateway.protocol import messages
from gateway.protocol.constants import Event
from tasks.enums import TaskStatus, WindowState
from tasks.models import Task
from tasks.services import cancel, fail
from tests.factories import make_account
from tests.gateway import wire
from tests.gateway.rows import again, make_running
from tests.gateway.wire import JOB, OTHER_JOB

pytestmark = pytest.mark.django_db

CREATE, UPDATE = Event.MESSAGE_CREATE, Event.MESSAGE_UPDATE
CLICK, PROGRESS, RESULT, NEXT = (str(1311111111111113000 + n) for n in range(4))
ANSWER = wire.answers(CLICK)


@pytest.fixture
def task(recipient: Recipient, task: Task) -> Task:
    """A task whose progress is remembered."""
    start = wire.start(PROGRESS, nonce=task.nonce, **ANSWER)
    handle(recipient, CREATE, start)
    went_on(recipient, 5)
    assert known(recipient)
    return again(task)


def known(recipient: Recipient) -> Match | None:
    shown = messages.read(wire.progress(PROGRESS, 50, job=JOB))
    return recipient.open_tasks.find(shown)


def went_on(recipient: Recipient, percent: int, job: str = JOB, **more: Any) -> Outcome:
    data = wire.progress(PROGRESS, percent, job=job, **ANSWER) | more
    return handle(recipient, UPDATE, data)


def facts(task: Task) -> dict[str, Any]:
    row = Task.objects.values().get(pk=task.pk)
    return {name: v for name, v in row.items() if not name.endswith("_at")}


def test_further_progress_needs_no_look_up(
    recipient: Recipient, task: Task, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(3):  # a savepoint, the UPDATE, the savepoint's end
        assert went_on(recipient, 31) is Outcome.TAUGHT

    moved = again(task)
    assert (moved.progress, moved.revision) == (31, task.revision + 1)


def test_a_new_key_in_a_message_is_learnt(recipient: Recipient, task: Task) -> None:
    went_on(recipient, 31, nonce=task.nonce, **wire.answers("77"))
    went_on(recipient, 62)

    assert again(task).progress == 62


CHANGES: dict[str, Any] = {
    "account_id": None,
    "status": TaskStatus.NOT_START,
    "nonce": "77",
    "interaction_id": NEXT,
    "window_interaction_id": NEXT,
    "progress_message_id": NEXT,
    "job_id": OTHER_JOB,
    "window": WindowState.EXPECTED,
    "cancel_requested_at": timezone.now(),
    "notify_hook": "https://hook.example.test/",
    "delivery": "",
    "started_at": None,
    "removed_at": timezone.now(),
    "waiting_reason": "in the queue",
    "description": "something else",
    "matched_by": "",
}


@pytest.mark.parametrize("name", COMPARED)
def test_what_was_changed_elsewhere_is_seen(
    recipient: Recipient, task: Task, name: str
) -> None:
    Task.objects.filter(pk=task.pk).update(**{name: CHANGES[name]})
    before = Task.objects.filter(pk=task.pk)
    kept = dict(before.values()[0])

    remembered = went_on(recipient, 31), facts(task)

    before.update(**kept)
    fresh = replace(recipient, open_tasks=OpenTasks())
    assert (went_on(fresh, 31), facts(task)) == remembered


def test_a_task_that_failed_elsewhere_stays_failed(
    recipient: Recipient, task: Task
) -> None:
    fail(task.pk, "for reasons")

    went_on(recipient, 31)

    over = again(task)
    assert (over.status, over.progress) == (TaskStatus.FAILURE, 5)
    assert known(recipient) is None


def test_a_cancelled_task_goes_on_until_midjourney_stops_it(
    recipient: Recipient, task: Task
) -> None:
    cancel(task)
    went_on(recipient, 31)
    text = f"**{wire.PROMPT}** - <@{wire.US}> (Stopped)"

    handle(recipient, UPDATE, wire.message(PROGRESS, text, **ANSWER))

    over = again(task)
    assert (over.status, over.progress) == (TaskStatus.FAILURE, 31)
    assert "cancelled" in over.fail_reason


def test_a_task_that_belongs_to_another_account_is_left_alone(
    recipient: Recipient, task: Task
) -> None:
    Task.objects.filter(pk=task.pk).update(account=make_account())

    assert went_on(recipient, 31) is not Outcome.TAUGHT

    assert again(task).progress == 5


def test_a_task_of_which_nobody_has_told_is_found_at_its_first_event(
    recipient: Recipient, task: Task, alice: User, account: DiscordAccount
) -> None:
    """The claim of another process; its nudge may be lost."""
    claimed = make_running(alice, account, prompt="another prompt")

    handle(recipient, CREATE, wire.start(NEXT, nonce=claimed.nonce))

    assert again(claimed).progress_message_id == NEXT


def test_the_end_is_forgotten(recipient: Recipient, task: Task) -> None:
    handle(recipient, CREATE, wire.final(RESULT, job=JOB))

    assert again(task).status == TaskStatus.SUCCESS
    assert known(recipient) is None


def test_older_progress_changes_nothing(recipient: Recipient, task: Task) -> None:
    went_on(recipient, 62)
    before = facts(task)

    for percent in (62, 31):
        assert went_on(recipient, percent) is Outcome.TAUGHT

    assert facts(task) == before


def test_few_are_remembered() -> None:
    memory = OpenTasks()

    for number in range(1, MOST + 2):
        memory.remember(Task(pk=number, nonce=str(number)))

    assert len(memory) == MOST
    assert memory.find(messages.read(wire.start(NEXT, nonce="1"))) is None
    assert memory.find(messages.read(wire.start(NEXT, nonce=str(MOST)))) is not None


# --- messages of others --------------------------------------------------------------


def test_messages_of_others_are_looked_up_once(recipient: Recipient) -> None:
    theirs = wire.start("1", user=wire.STRANGER)

    assert handle(recipient, CREATE, theirs) is Outcome.NOT_OURS

    assert recipient.open_tasks.is_foreign("1")


@pytest.mark.parametrize(
    "data",
    [
        wire.start("1"),
        wire.message("1", "nobody's words"),
        wire.message("1", flags=128),
    ],
)
def test_a_message_that_names_nobody_else_is_looked_up_again(
    recipient: Recipient, data: dict[str, Any]
) -> None:
    handle(recipient, CREATE, data)

    assert not recipient.open_tasks.is_foreign("1")
