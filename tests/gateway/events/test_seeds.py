from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import DiscordAccount, User
from gateway.events import seeds
from gateway.events.handlers import Recipient, handle
from gateway.protocol.constants import Event
from tasks import errands
from tasks.enums import ErrandKind, ErrandState, TaskStatus
from tasks.models import Errand, Task
from tests.factories import make_account, make_finished
from tests.gateway import wire
from tests.gateway.rows import again
from tests.gateway.wire import JOB

DM, MESSAGE = "1311111111111116000", "1311111111111116001"
TOLD = f"**a fox**\n**Job ID**: {JOB}\n**seed** 1259687673"


@pytest.fixture
def drawn(alice: User, account: DiscordAccount) -> Task:
    return make_finished(alice, account=account, job_id=JOB)


def ask(task: Task) -> Errand:
    assert task.account is not None
    return errands.send_on(
        ErrandKind.SEED, owner=task.owner, account=task.account, task=task
    )


def direct(text: str = "", **fields: Any) -> wire.Json:
    return wire.message(MESSAGE, text, channel_id=DM, guild_id=None, **fields)


def test_a_told_seed_ends_all_who_asked_for_it(
    recipient: Recipient, drawn: Task
) -> None:
    asked = [ask(drawn), ask(drawn)]

    handle(recipient, Event.MESSAGE_CREATE, direct(TOLD))

    assert again(drawn).seed == "1259687673"
    for errand in asked:
        errand.refresh_from_db()
        assert (errand.state, errand.result) == (ErrandState.DONE, "1259687673")


def test_the_shown_job_tells_where_to_ask(
    recipient: Recipient,
    drawn: Task,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    errand = ask(drawn)
    nudged: list[int] = []
    monkeypatch.setattr(seeds, "enqueue_errand", nudged.append)

    with django_capture_on_commit_callbacks(execute=True):
        handle(recipient, Event.MESSAGE_CREATE, direct() | shown())

    assert again(drawn).seed_message_id == MESSAGE
    assert nudged == [errand.pk]


def shown() -> dict[str, Any]:
    return {"attachments": [wire.picture(f"fox_{JOB}.png")]}


def test_copies_that_nobody_asked_for_teach_nothing(
    recipient: Recipient, drawn: Task
) -> None:
    handle(recipient, Event.MESSAGE_CREATE, direct() | shown())

    assert again(drawn).seed_message_id == ""


def test_no_drawing_ends_by_a_direct_message(
    recipient: Recipient, alice: User, account: DiscordAccount
) -> None:
    task = make_finished(
        alice, account=account, job_id=JOB, status=TaskStatus.IN_PROGRESS
    )

    handle(recipient, Event.MESSAGE_CREATE, wire.final(MESSAGE, job=JOB, channel_id=DM))

    assert again(task).status == TaskStatus.IN_PROGRESS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "**seed** 12",
        f"**Job ID**: {JOB}",
        f"**Job ID**: {JOB}\n**seed** none",
        f"**Job ID**: {JOB[:-1]}\n**seed** 12",
        "**Job ID**: " + "f" * 10_000,
    ],
)
def test_other_words_are_no_seed(recipient: Recipient, drawn: Task, text: str) -> None:
    handle(recipient, Event.MESSAGE_CREATE, direct(text))

    assert again(drawn).seed == ""


def test_another_accounts_seed_is_not_taken(
    recipient: Recipient, alice: User, drawn: Task
) -> None:
    Task.objects.update(account=make_account())

    handle(recipient, Event.MESSAGE_CREATE, direct(TOLD))

    assert again(drawn).seed == ""


def test_a_person_who_writes_a_seed_is_not_heard(
    recipient: Recipient, drawn: Task
) -> None:
    stranger = {"id": wire.STRANGER, "username": "Midjourney Bot"}

    handle(recipient, Event.MESSAGE_CREATE, direct(TOLD) | {"author": stranger})

    assert again(drawn).seed == ""
