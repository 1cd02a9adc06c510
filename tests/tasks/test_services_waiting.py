"""Tasks that wait: with what they brought, for a window, for another try."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest
from django.utils import timezone

from accounts.models import DiscordAccount, User
from tasks.enums import InputRole, TaskStatus, WindowState
from tasks.models import InputPicture, Task
from tasks.services import (
    CANCELLED,
    mark_prepared,
    reassign,
    release,
    release_refused,
    release_window,
)
from tests.factories import make_account, make_task

S: Final = TaskStatus
Heard = list[tuple[str, int]]


def bring(task: Task, role: InputRole, **fields: Any) -> InputPicture:
    values = {"upload_name": "1/2/x.png", "link": "https://cdn.discordapp.com/x.png"}
    return InputPicture.objects.create(task=task, role=role, **(values | fields))


def make_sent(owner: User, **fields: Any) -> Task:
    values: dict[str, Any] = {
        "status": S.SUBMITTED,
        "nonce": "1",
        "delivery": "accepted",
        "claimed_at": timezone.now(),
    }
    return make_task(owner, **(values | fields))


# --- prepared -------------------------------------------------------------------------


def test_a_prepared_task_is_handed_to_dispatch(
    alice: User,
    account: DiscordAccount,
    heard: Heard,
    django_capture_on_commit_callbacks: Any,
) -> None:
    task = make_task(
        alice, account=account, prepared=False, prepare_after=timezone.now()
    )

    with django_capture_on_commit_callbacks(execute=True):
        assert mark_prepared(task, prompt_en="https://x fox") is True

    task.refresh_from_db()
    assert (task.prepared, task.prepare_after) == (True, None)
    assert (task.prompt_en, task.revision) == ("https://x fox", 1)
    assert heard == [("changed", task.pk), ("submitted", task.pk)]


@pytest.mark.parametrize(
    "meanwhile",
    [{"status": S.FAILURE}, {"status": S.SUBMITTED}, {"prepared": True}],
)
def test_what_has_moved_on_is_not_prepared(
    alice: User,
    heard: Heard,
    django_capture_on_commit_callbacks: Any,
    meanwhile: dict[str, Any],
) -> None:
    task = make_task(alice, prepared=False)
    Task.objects.update(**meanwhile)

    with django_capture_on_commit_callbacks(execute=True):
        assert mark_prepared(task, prompt_en="other") is False

    task.refresh_from_db()
    assert (task.prompt_en, task.revision) == ("a red fox", 0)
    assert heard == []


def test_uploads_of_an_account_that_lost_the_task_do_not_count(alice: User) -> None:
    task = make_task(alice, account=make_account(), prepared=False)
    Task.objects.update(account=make_account())

    assert mark_prepared(task) is False


# --- another account ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("roles", "before", "after"),
    [
        ([], True, True),
        ([InputRole.PROMPT, InputRole.LINK], True, True),
        ([InputRole.PROMPT], False, False),
        ([InputRole.COMMAND], True, False),
        ([InputRole.MASK], True, True),
    ],
)
def test_another_account_uploads_anew_what_goes_with_the_command(
    alice: User,
    heard: Heard,
    django_capture_on_commit_callbacks: Any,
    roles: list[InputRole],
    before: bool,
    after: bool,
) -> None:
    task = make_task(alice, account=make_account(), prepared=before)
    for role in roles:
        bring(task, role)
    other = make_account()

    with django_capture_on_commit_callbacks(execute=True):
        assert reassign(task, other) is True

    task.refresh_from_db()
    assert (task.account, task.prepared, task.revision) == (other, after, 1)
    assert heard == [("changed", task.pk), ("submitted", task.pk)]
    uploads = {(p.role, p.upload_name) for p in task.inputs.all()}
    assert uploads == {
        (role, "1/2/x.png" if role is InputRole.MASK else "") for role in roles
    }
    assert all(p.link for p in task.inputs.all())


def test_a_task_that_was_sent_stays_with_its_account(alice: User) -> None:
    task = make_sent(alice, account=make_account())
    bring(task, InputRole.COMMAND)

    assert reassign(task, make_account()) is False

    assert task.inputs.get().upload_name == "1/2/x.png"


# --- another try ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "upload", "prepared"),
    [
        (InputRole.COMMAND, "1/2/x.png", False),
        (InputRole.COMMAND, "", False),
        (InputRole.PROMPT, "1/2/x.png", True),
    ],
)
def test_uploads_that_a_command_used_up_are_made_again(
    alice: User, role: InputRole, upload: str, prepared: bool
) -> None:
    task = make_sent(alice)
    picture = bring(task, role, upload_name=upload)

    assert release(task.pk, nonce="1") is True

    task.refresh_from_db()
    picture.refresh_from_db()
    assert task.prepared is prepared
    assert picture.upload_name == ("" if role is InputRole.COMMAND else upload)


def test_a_task_that_waits_again_has_a_time_and_a_limit(alice: User) -> None:
    later = timezone.now() + timedelta(seconds=30)
    task = make_sent(alice, cancel_presses=3, cancel_next_at=later, removed_at=later)

    release(task.pk, nonce="1", not_before=later)

    task.refresh_from_db()
    assert (task.not_before, task.nonce, task.claimed_at) == (later, None, None)
    assert (task.cancel_presses, task.cancel_next_at) == (0, None)
    assert task.removed_at is None
    assert task.deadline_at is not None
    assert task.deadline_at > later + timedelta(hours=1)


def test_what_was_not_taken_and_shall_be_cancelled_ends_instead_of_waiting(
    alice: User,
) -> None:
    task = make_sent(alice, cancel_requested_at=timezone.now())

    assert release(task.pk, nonce="1") is True

    task.refresh_from_db()
    assert (task.status, task.fail_reason) == (TaskStatus.FAILURE, CANCELLED)


def test_what_was_taken_goes_on_though_it_shall_be_cancelled(alice: User) -> None:
    task = make_sent(alice, cancel_requested_at=timezone.now(), interaction_id="7")

    assert release(task.pk, nonce="1") is False

    task.refresh_from_db()
    assert task.status == TaskStatus.SUBMITTED


OPENED: Final[dict[str, Any]] = {
    "window": WindowState.ANSWERED,
    "window_id": "W",
    "window_field": "F",
    "interaction_id": "5",
}


def test_a_window_that_brought_nothing_is_opened_once_more(alice: User) -> None:
    task = make_sent(alice, **OPENED)
    bring(task, InputRole.MASK)

    assert release_window(task.pk, nonce="1") is True

    task.refresh_from_db()
    assert (task.status, task.window) == (S.NOT_START, WindowState.EXPECTED)
    assert (task.window_id, task.window_field, task.interaction_id) == ("", "", None)
    assert task.prepared is True


@pytest.mark.parametrize(
    "seen",
    [
        {"nonce": "2"},
        {"window_interaction_id": "6"},
        {"progress_message_id": "7"},
        {"job_id": "J"},
        {"status": S.FAILURE},
    ],
)
def test_a_window_whose_drawing_was_seen_is_not_opened_again(
    alice: User, seen: dict[str, Any]
) -> None:
    task = make_sent(alice, **(OPENED | seen))

    assert release_window(task.pk, nonce="1") is False

    task.refresh_from_db()
    assert (task.window, task.window_id) == (WindowState.ANSWERED, "W")


@pytest.mark.parametrize("message", [None, "7"])
def test_what_a_message_says_was_not_started_waits_again(
    alice: User, message: str | None
) -> None:
    later = timezone.now() + timedelta(seconds=15)
    known = {"progress_message_id": message, "window_interaction_id": "6"}
    task = make_sent(alice, **(OPENED | known))

    assert release_refused(task, message_id="7", not_before=later) is True

    task.refresh_from_db()
    assert (task.status, task.not_before) == (S.NOT_START, later)
    assert task.window == WindowState.EXPECTED
    assert (task.progress_message_id, task.window_interaction_id) == (None, None)


def test_a_task_without_a_window_does_not_get_one_by_waiting(alice: User) -> None:
    task = make_sent(alice)

    release_refused(task, message_id="7", not_before=timezone.now())

    task.refresh_from_db()
    assert task.window == WindowState.NONE


@pytest.mark.parametrize("seen", [{"progress_message_id": "8"}, {"job_id": "J"}])
def test_what_another_message_shows_does_not_wait_again(
    alice: User, seen: dict[str, Any]
) -> None:
    task = make_sent(alice, **seen)
    picture = bring(task, InputRole.COMMAND)

    assert not release_refused(task, message_id="7", not_before=timezone.now())

    picture.refresh_from_db()
    task.refresh_from_db()
    assert (task.status, task.prepared) == (S.SUBMITTED, True)
    assert picture.upload_name == "1/2/x.png"
