from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from accounts.state.changes import trouble
from gateway import receivers
from tasks.enums import TaskStatus
from tasks.models import Task
from tasks.services import advance, cancel, fail, insert, release
from tests.factories import make_account
from tests.gateway.rows import again, make_running, make_session, make_waiting
from tests.gateway.wire import JOB, OTHER_JOB, PROMPT
from tests.tasks.parents import EXTEND

EARLIER = timezone.now() - timedelta(days=1)
LATER = timezone.now() + timedelta(days=1)
Commits = DjangoCaptureOnCommitCallbacks


@pytest.fixture
def nudged(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What left the app, by name."""
    seen: list[tuple[str, Any]] = []
    for name in (
        "enqueue_dispatch",
        "enqueue_cancel",
        "enqueue_prepare",
        "publish_change",
        "publish_accounts_changed",
    ):
        monkeypatch.setattr(
            receivers, name, lambda *args, name=name: seen.append((name, args))
        )
    return seen


def names(nudged: list[tuple[str, Any]]) -> set[str]:
    return {name for name, _ in nudged}


def test_a_submitted_task_nudges_its_account_after_commit(
    alice: User,
    account: DiscordAccount,
    nudged: list[tuple[str, Any]],
    django_capture_on_commit_callbacks: Commits,
) -> None:
    task = Task(owner=alice, account=account, action="IMAGINE", prompt=PROMPT)

    with django_capture_on_commit_callbacks(execute=True):
        insert(task)
        assert nudged == []

    assert nudged == [("enqueue_dispatch", (account.pk,))]


def test_the_end_of_a_clip_nudges_the_extension_that_waits_for_it(
    alice: User,
    account: DiscordAccount,
    nudged: list[tuple[str, Any]],
    django_capture_on_commit_callbacks: Commits,
) -> None:
    clip = make_running(alice, account, action="UPSCALE")
    wish = EXTEND.format("low")
    waiting = make_waiting(alice, account, parent=clip, custom_id=wish, prepared=False)

    with django_capture_on_commit_callbacks(execute=True):
        advance(clip.pk, TaskStatus.SUCCESS)

    assert ("enqueue_prepare", (waiting.pk,)) in nudged


def test_a_task_without_an_account_nudges_nobody(
    alice: User,
    nudged: list[tuple[str, Any]],
    django_capture_on_commit_callbacks: Commits,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        insert(Task(owner=alice, action="IMAGINE"))

    assert nudged == []


def test_every_change_is_published(
    alice: User,
    account: DiscordAccount,
    nudged: list[tuple[str, Any]],
    django_capture_on_commit_callbacks: Commits,
) -> None:
    task = make_running(alice, account)

    with django_capture_on_commit_callbacks(execute=True):
        advance(task.pk, TaskStatus.IN_PROGRESS, progress=5)

    assert nudged == [("publish_change", (task.pk, alice.pk))]


def test_a_slot_that_comes_free_is_offered_to_who_waits(
    alice: User,
    account: DiscordAccount,
    nudged: list[tuple[str, Any]],
    django_capture_on_commit_callbacks: Commits,
) -> None:
    task = make_running(alice, account)
    foreign = make_account()
    make_session(account)
    make_session(foreign, user_id="1311111111111111399")
    make_waiting(alice, foreign)

    with django_capture_on_commit_callbacks(execute=True):
        fail(task.pk, "no")
    assert "enqueue_dispatch" not in names(nudged)

    make_waiting(alice, account, "something else")
    other = make_running(alice, account)
    with django_capture_on_commit_callbacks(execute=True):
        fail(other.pk, "no")
    assert ("enqueue_dispatch", (account.pk,)) in nudged


def test_a_slot_is_offered_to_the_users_other_channels(
    alice: User,
    account: DiscordAccount,
    nudged: list[tuple[str, Any]],
    django_capture_on_commit_callbacks: Commits,
) -> None:
    sibling = make_account()
    make_session(account)
    make_session(sibling)
    task = make_running(alice, account)
    make_waiting(alice, sibling)

    with django_capture_on_commit_callbacks(execute=True):
        fail(task.pk, "no")

    assert ("enqueue_dispatch", (account.pk,)) in nudged


@pytest.mark.parametrize(
    ("prompt", "job", "offered"),
    [(PROMPT, JOB, True), (PROMPT, None, False), ("something else", JOB, False)],
)
def test_an_equal_prompt_goes_on_once_the_first_job_has_its_uuid(
    alice: User,
    account: DiscordAccount,
    nudged: list[tuple[str, Any]],
    django_capture_on_commit_callbacks: Commits,
    prompt: str,
    job: str | None,
    offered: bool,
) -> None:
    task = make_running(alice, account)
    make_waiting(alice, account, prompt)

    with django_capture_on_commit_callbacks(execute=True):
        advance(task.pk, TaskStatus.IN_PROGRESS, progress=5, job_id=job)

    assert ("enqueue_dispatch" in names(nudged)) is offered


def test_a_task_that_waits_again_is_dispatched_again(
    alice: User,
    account: DiscordAccount,
    nudged: list[tuple[str, Any]],
    django_capture_on_commit_callbacks: Commits,
) -> None:
    task = make_running(alice, account)
    assert task.nonce is not None

    with django_capture_on_commit_callbacks(execute=True):
        release(task.pk, nonce=task.nonce)

    assert ("enqueue_dispatch", (account.pk,)) in nudged


@pytest.mark.parametrize(
    ("fields", "pressed"),
    [
        ({"progress_message_id": "1"}, True),
        ({}, False),
        ({"progress_message_id": "1", "cancel_next_at": EARLIER}, True),
        ({"progress_message_id": "1", "cancel_next_at": LATER}, False),
    ],
)
def test_a_cancel_is_pressed_as_soon_as_its_message_is_known(
    alice: User,
    account: DiscordAccount,
    nudged: list[tuple[str, Any]],
    django_capture_on_commit_callbacks: Commits,
    fields: dict[str, Any],
    pressed: bool,
) -> None:
    task = make_running(alice, account, job_id=OTHER_JOB, **fields)

    with django_capture_on_commit_callbacks(execute=True):
        assert cancel(again(task))

    assert (("enqueue_cancel", (task.pk,)) in nudged) is pressed


def test_the_gateways_hear_of_a_changed_account(
    account: DiscordAccount,
    nudged: list[tuple[str, Any]],
    django_capture_on_commit_callbacks: Commits,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        trouble(account.pk, AccountState.PAUSED, "look at it")

    assert nudged == [("publish_accounts_changed", ())]


def test_a_lost_nudge_does_not_lose_the_row(
    alice: User,
    account: DiscordAccount,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Commits,
) -> None:
    def no_broker(_: int) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr(receivers, "enqueue_dispatch", no_broker)
    task = Task(owner=alice, account=account, action="IMAGINE")

    with django_capture_on_commit_callbacks(execute=True):
        insert(task)

    assert again(task).status == TaskStatus.NOT_START
