from __future__ import annotations

from typing import Any

import pytest
from django.forms.models import model_to_dict

from gateway.events.handlers import Outcome, Recipient, handle
from gateway.protocol.constants import Event
from mjproxy.lib.ids import new_nonce
from tasks.enums import Delivery, TaskStatus
from tasks.models import Task
from tests.gateway import wire
from tests.gateway.rows import again
from tests.gateway.wire import CHANNEL, JOB

CREATE, UPDATE, DELETE = (
    Event.MESSAGE_CREATE,
    Event.MESSAGE_UPDATE,
    Event.MESSAGE_DELETE,
)
CLICK, PROGRESS, RESULT = (str(1311111111111113000 + n) for n in range(3))


def facts(task: Task) -> dict[str, Any]:
    return model_to_dict(Task.objects.get(pk=task.pk))


# --- the life of a drawing -----------------------------------------------------------


def life(task: Task) -> list[tuple[Event, dict[str, Any]]]:
    """The events of a drawing, in order."""
    answer = wire.answers(CLICK)
    return [
        (Event.INTERACTION_CREATE, {"id": CLICK, "nonce": task.nonce}),
        (CREATE, wire.start(PROGRESS, nonce=task.nonce, **answer)),
        (Event.INTERACTION_SUCCESS, {"id": CLICK, "nonce": task.nonce}),
        (UPDATE, wire.progress(PROGRESS, 0, **answer)),
        (UPDATE, wire.progress(PROGRESS, 31, job=JOB, **answer)),
        (UPDATE, wire.progress(PROGRESS, 93, job=JOB, **answer)),
        (CREATE, wire.final(RESULT, job=JOB)),
        (DELETE, {"id": PROGRESS, "channel_id": CHANNEL}),
    ]


def test_a_drawing_goes_from_its_start_to_its_picture(
    recipient: Recipient, task: Task
) -> None:
    for event, data in life(task):
        assert handle(recipient, event, data) in (Outcome.TAUGHT, Outcome.READ)

    done = again(task)
    assert done.status == TaskStatus.SUCCESS
    assert done.progress == 100
    assert (done.message_id, done.job_id) == (RESULT, JOB)
    assert (done.interaction_id, done.progress_message_id) == (CLICK, PROGRESS)
    assert done.matched_by == "job"
    assert done.picture_source.startswith(wire.CDN)
    assert (done.picture_width, done.picture_height) == (2048, 2048)
    assert done.picture_type == "image/png"
    assert done.final_prompt == wire.PROMPT
    assert [b["label"] for b in done.buttons] == [
        *("U1", "U2", "U3", "U4"),
        *("V1", "V2", "V3", "V4"),
    ]
    assert done.delivery == Delivery.ACCEPTED
    assert done.finished_at is not None


def test_duplicates_of_every_event_change_nothing(
    recipient: Recipient, task: Task
) -> None:
    for event, data in life(task):
        handle(recipient, event, data)
        before = facts(task)
        handle(recipient, event, data)

        assert facts(task) == before


def test_everything_once_more_after_the_end_changes_nothing(
    recipient: Recipient, task: Task
) -> None:
    events = life(task)
    for event, data in events:
        handle(recipient, event, data)
    before = facts(task)

    for event, data in events + events[::-1]:
        handle(recipient, event, data)

    assert facts(task) == before


def test_the_order_of_the_events_does_not_matter(
    recipient: Recipient, task: Task
) -> None:
    for event, data in life(task)[::-1]:
        handle(recipient, event, data)
    for event, data in life(task):  # what was parked comes again
        handle(recipient, event, data)

    done = again(task)
    assert done.status == TaskStatus.SUCCESS
    assert done.job_id == JOB


@pytest.mark.parametrize("name", [Event.INTERACTION_CREATE, Event.INTERACTION_SUCCESS])
def test_an_interaction_event_teaches_its_id(
    recipient: Recipient, task: Task, name: Event
) -> None:
    assert handle(recipient, name, {"id": CLICK, "nonce": task.nonce}) is Outcome.TAUGHT

    known = again(task)
    assert known.interaction_id == CLICK
    assert known.delivery == Delivery.ACCEPTED
    assert known.started_at is not None
    assert known.status == TaskStatus.SUBMITTED


def test_a_loading_answer_teaches_its_message(recipient: Recipient, task: Task) -> None:
    empty = wire.message(PROGRESS, nonce=task.nonce, flags=128, type=20)

    handle(recipient, CREATE, empty)

    assert again(task).progress_message_id == PROGRESS


def test_progress_moves_the_task_and_shows_a_preview(
    recipient: Recipient, task: Task
) -> None:
    handle(recipient, CREATE, wire.start(PROGRESS, nonce=task.nonce))

    handle(recipient, UPDATE, wire.progress(PROGRESS, 31, job=JOB))

    moved = again(task)
    assert (moved.status, moved.progress) == (TaskStatus.IN_PROGRESS, 31)
    assert moved.job_id == JOB
    assert JOB in moved.preview_source


def test_progress_never_falls(recipient: Recipient, task: Task) -> None:
    handle(recipient, CREATE, wire.start(PROGRESS, nonce=task.nonce))
    handle(recipient, UPDATE, wire.progress(PROGRESS, 62))

    handle(recipient, UPDATE, wire.progress(PROGRESS, 31, job=JOB))

    assert again(task).progress == 62
    assert again(task).job_id == JOB  # old news may still name the job


def test_progress_stays_below_100(recipient: Recipient, task: Task) -> None:
    handle(recipient, CREATE, wire.progress(PROGRESS, 100, nonce=task.nonce))

    assert again(task).progress == 99


def test_late_progress_after_success_is_ignored(
    recipient: Recipient, task: Task
) -> None:
    handle(recipient, CREATE, wire.start(PROGRESS, nonce=task.nonce))
    handle(recipient, CREATE, wire.final(RESULT, nonce=task.nonce))

    outcome = handle(recipient, UPDATE, wire.progress(PROGRESS, 93, job=JOB))

    assert outcome is Outcome.NOT_OURS
    assert again(task).status == TaskStatus.SUCCESS
    assert again(task).progress == 100


def test_the_final_may_come_before_the_start(recipient: Recipient, task: Task) -> None:
    handle(recipient, CREATE, wire.final(RESULT, nonce=task.nonce))
    handle(recipient, CREATE, wire.start(PROGRESS, nonce=task.nonce))

    assert again(task).status == TaskStatus.SUCCESS


def test_the_final_may_be_an_edit_of_the_progress_message(
    recipient: Recipient, task: Task
) -> None:
    handle(recipient, CREATE, wire.start(PROGRESS, nonce=task.nonce))

    handle(recipient, UPDATE, wire.final(PROGRESS))

    done = again(task)
    assert done.status == TaskStatus.SUCCESS
    assert done.message_id == done.progress_message_id == PROGRESS


def test_final_words_without_a_picture_are_not_the_end(
    recipient: Recipient, task: Task
) -> None:
    handle(recipient, CREATE, wire.start(PROGRESS, nonce=task.nonce))

    handle(recipient, UPDATE, wire.final(PROGRESS, attachments=[]))

    assert again(task).status == TaskStatus.SUBMITTED


def test_a_partial_update_without_author_is_understood(
    recipient: Recipient, task: Task
) -> None:
    handle(recipient, CREATE, wire.start(PROGRESS, nonce=task.nonce))
    partial = wire.progress(PROGRESS, 31)
    del partial["author"], partial["embeds"], partial["components"]

    handle(recipient, UPDATE, partial)

    assert again(task).progress == 31


def test_an_update_with_nothing_but_an_id_changes_nothing(
    recipient: Recipient, task: Task
) -> None:
    handle(recipient, CREATE, wire.start(PROGRESS, nonce=task.nonce))
    before = facts(task)

    handle(recipient, UPDATE, {"id": PROGRESS, "channel_id": CHANNEL})

    assert facts(task) == before


def test_a_pressed_button_that_turns_blue_changes_nothing(
    recipient: Recipient, task: Task
) -> None:
    handle(recipient, CREATE, wire.final(RESULT, nonce=task.nonce))
    before = facts(task)
    blue = wire.final(RESULT)
    blue["components"][0]["components"][0]["style"] = 1

    handle(recipient, UPDATE, blue)

    assert facts(task) == before


def test_a_paused_job_goes_on_waiting(recipient: Recipient, task: Task) -> None:
    paused = wire.message(PROGRESS, f"**x** - <@{wire.US}> (paused)", nonce=task.nonce)

    assert handle(recipient, UPDATE, paused) is Outcome.TAUGHT
    assert again(task).status == TaskStatus.SUBMITTED


# --- removals ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "data"),
    [
        (DELETE, {"id": PROGRESS}),
        (Event.MESSAGE_DELETE_BULK, {"ids": ["1", PROGRESS]}),
    ],
)
def test_a_removal_is_noted_where_the_task_is_open(
    recipient: Recipient, task: Task, event: Event, data: dict[str, Any]
) -> None:
    handle(recipient, CREATE, wire.start(PROGRESS, nonce=task.nonce))

    handle(recipient, event, data | {"channel_id": CHANNEL})

    assert again(task).removed_at is not None
    assert again(task).status == TaskStatus.SUBMITTED


@pytest.mark.parametrize(
    "data",
    [
        {"id": PROGRESS, "channel_id": "5"},
        {"id": "86", "channel_id": CHANNEL},
        {"channel_id": CHANNEL},
        {"ids": [], "channel_id": CHANNEL},
    ],
)
def test_the_removal_of_something_else_is_not_noted(
    recipient: Recipient, task: Task, data: dict[str, Any]
) -> None:
    handle(recipient, CREATE, wire.start(PROGRESS, nonce=task.nonce))

    handle(recipient, DELETE, data)

    assert again(task).removed_at is None


def test_a_removal_after_the_end_is_not_noted(recipient: Recipient, task: Task) -> None:
    handle(recipient, CREATE, wire.start(PROGRESS, nonce=task.nonce))
    handle(recipient, CREATE, wire.final(RESULT, nonce=task.nonce))

    handle(recipient, DELETE, {"id": PROGRESS, "channel_id": CHANNEL})

    assert again(task).removed_at is None


def test_a_removal_does_not_keep_the_result_away(
    recipient: Recipient, task: Task
) -> None:
    handle(recipient, CREATE, wire.progress(PROGRESS, 93, job=JOB, nonce=task.nonce))
    handle(recipient, DELETE, {"id": PROGRESS, "channel_id": CHANNEL})

    handle(recipient, CREATE, wire.final(RESULT, job=JOB))

    assert again(task).status == TaskStatus.SUCCESS


def test_a_job_that_goes_on_in_another_message_was_not_removed(
    recipient: Recipient, task: Task
) -> None:
    queued = wire.notice("87", "Job queued", color=wire.AMBER, nonce=task.nonce)
    handle(recipient, CREATE, queued)
    handle(recipient, DELETE, {"id": "87", "channel_id": CHANNEL})
    assert again(task).removed_at is not None

    handle(recipient, CREATE, wire.start(new_nonce()))

    assert again(task).progress_message_id != "87"
    assert again(task).removed_at is None
