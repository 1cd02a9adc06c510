"""Every notice, in every form in which it arrives, and what it comes to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.editing.save import save_account
from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from gateway.events.handlers import Outcome, Recipient
from gateway.models import DispatchLane
from gateway.protocol import messages, notices
from gateway.protocol.notice_kinds import KINDS, UNKNOWN_ERROR
from gateway.sockets.history import judge
from tasks.enums import TaskStatus
from tasks.models import Task
from tests.gateway.recordings import FOLDER, RECORDINGS, Recording
from tests.gateway.rows import again, make_running, make_session

pytestmark = pytest.mark.any_database

LONG_AFTER = timedelta(hours=3)


@pytest.fixture
def drawn(
    alice: User, account: DiscordAccount, recipient: Recipient, clock: Any
) -> Callable[[Recording], Task]:
    """Play a recording to a running task; return the task as it is then."""

    def play(recording: Recording) -> Task:
        make_session(account)
        task = make_running(alice, account, **recording.task)
        assert recording.play(recipient) in (Outcome.TAUGHT, Outcome.READ)
        if recording.form in "FH":
            clock.shift(LONG_AFTER)
            judge(account.pk, [task.pk])
        return again(task)

    return play


@pytest.mark.parametrize("recording", RECORDINGS, ids=str)
def test_a_notice_does_what_it_says(
    drawn: Callable[[Recording], Task], recording: Recording
) -> None:
    task = drawn(recording)

    _check_task(task, recording.then)
    assert task.account is not None
    _check_account(task.account, recording.then)


def _check_task(task: Task, then: dict[str, Any]) -> None:
    assert task.status == then["status"]
    if task.status == TaskStatus.NOT_START:
        assert task.nonce is task.interaction_id is task.progress_message_id is None
        wait = timedelta(seconds=then["waits_seconds"])
        assert task.not_before == timezone.now() + wait
    elif task.status == TaskStatus.FAILURE:
        assert task.fail_reason == then["reason"]
    else:
        assert task.description == then["reason"]


def _check_account(account: DiscordAccount, then: dict[str, Any]) -> None:
    wanted = then.get("account", {})
    # To operators a moment is told as a date.
    said = wanted.get("said", then.get("reason", "").partition(": ")[2])
    reason = (
        f"{wanted['reason']}: {' '.join(said.split())}" if "reason" in wanted else ""
    )
    end = wanted.get("resume_at")
    assert account.state == wanted.get("state", AccountState.READY)
    assert account.state_reason == reason
    assert account.resume_at == (datetime.fromisoformat(end) if end else None)
    assert account.fast_exhausted is wanted.get("fast_exhausted", False)
    holds = DispatchLane.objects.exclude(rest_until=None).exists()
    assert holds is then.get("account_holds", False)


@pytest.mark.parametrize("recording", RECORDINGS, ids=str)
def test_what_history_shows_again_is_not_obeyed_again(
    drawn: Callable[[Recording], Task],
    recipient: Recipient,
    account: DiscordAccount,
    recording: Recording,
) -> None:
    task = drawn(recording)
    account.refresh_from_db()
    account.fast_exhausted = False
    save_account(account)  # a person has acted
    before = account.state

    recording.play(recipient)

    account.refresh_from_db()
    assert account.state == before
    assert not account.fast_exhausted
    assert again(task).status == task.status
    assert again(task).revision == task.revision


def test_every_kind_is_recorded_in_every_form_that_it_has() -> None:
    forms: dict[str, str] = {}
    for recording in RECORDINGS:
        forms[recording.notice] = forms.get(recording.notice, "") + recording.form

    for kind in KINDS:
        assert set(forms.pop(kind.name)) >= set("ABCDE" if kind.titles else "E")
    assert set(forms.pop(UNKNOWN_ERROR.name)) == set("ABCD")
    assert set(forms.pop("no_words")) == set("CFGH")
    assert forms == {}
    assert len(list(FOLDER.iterdir())) == len(KINDS) + 2


def test_every_title_and_text_of_the_table_is_recorded() -> None:
    said = [
        notice.text
        for recording in RECORDINGS
        for _, data in recording.events
        if (notice := notices.read(messages.read(data)))
    ]
    plain = [notices._plain(text) for text in said]

    for kind in KINDS:
        for beginning in kind.titles + kind.texts:
            assert any(text.startswith(beginning) for text in plain), beginning
