"""Notices beyond the recordings: without a task, in odd orders, hostile."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.editing.save import save_account
from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from gateway.events.handlers import Outcome, Recipient, handle
from gateway.events.notices import SLACK
from gateway.protocol.constants import Event
from gateway.protocol.notice_kinds import KINDS, NoticeKind
from tasks.enums import InputRole, TaskStatus, WindowState
from tasks.models import InputPicture, Task
from tasks.services import CANCELLED
from tests.gateway import wire
from tests.gateway.recordings import NONCE
from tests.gateway.rows import again, make_running
from tests.gateway.wire import AMBER, RED, STRANGER, US

CREATE, UPDATE = Event.MESSAGE_CREATE, Event.MESSAGE_UPDATE
CLICK, PROGRESS, NOTICE, LATER = (str(1311111111111114000 + n) for n in range(4))
pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def task(alice: User, account: DiscordAccount) -> Task:
    return make_running(alice, account, nonce=NONCE)


# --- the task ------------------------------------------------------------------------


def test_a_queued_job_gets_more_time_and_tells_once(
    recipient: Recipient, task: Task
) -> None:
    queued = wire.notice(NOTICE, "Job queued", "3 ahead", color=AMBER, nonce=NONCE)

    handle(recipient, CREATE, queued)
    handle(recipient, CREATE, queued)

    waiting = again(task)
    assert waiting.deadline_at == timezone.now() + timedelta(minutes=30)
    assert waiting.progress_message_id == NOTICE
    assert waiting.revision == task.revision + 1


def test_a_queued_job_goes_on_in_another_message(
    recipient: Recipient, task: Task
) -> None:
    handle(recipient, CREATE, wire.notice(NOTICE, "Job queued", nonce=NONCE))
    handle(recipient, Event.INTERACTION_CREATE, {"id": CLICK, "nonce": NONCE})

    handle(recipient, CREATE, wire.start(PROGRESS, **wire.answers(CLICK)))

    assert again(task).progress_message_id == PROGRESS


def test_a_cancelled_task_is_not_sent_again(recipient: Recipient, task: Task) -> None:
    Task.objects.update(cancel_requested_at=timezone.now())

    handle(recipient, CREATE, wire.notice(NOTICE, "Queue full", nonce=NONCE))

    assert again(task).status == TaskStatus.FAILURE
    assert again(task).fail_reason == CANCELLED


@pytest.mark.parametrize("state", [WindowState.OPEN, WindowState.ANSWERED])
def test_a_window_that_was_refused_is_opened_again(
    alice: User, account: DiscordAccount, recipient: Recipient, state: WindowState
) -> None:
    task = make_running(
        alice,
        account,
        nonce=NONCE,
        interaction_id=CLICK,
        window=state,
        window_id="MJ::x",
        window_interaction_id=LATER,
    )

    handle(recipient, CREATE, wire.notice(NOTICE, "Queue full", nonce=NONCE))

    waiting = again(task)
    assert waiting.status == TaskStatus.NOT_START
    assert waiting.window == WindowState.EXPECTED
    assert waiting.window_id == ""
    assert waiting.interaction_id is waiting.window_interaction_id is None


def test_uploads_of_a_refused_command_are_made_again(
    recipient: Recipient, task: Task
) -> None:
    InputPicture.objects.create(task=task, role=InputRole.COMMAND, upload_name="a.png")

    handle(recipient, CREATE, wire.notice(NOTICE, "Queue full", nonce=NONCE))

    assert not again(task).prepared
    assert task.inputs.get().upload_name == ""


def test_the_notice_of_an_earlier_attempt_leaves_a_later_one_alone(
    alice: User, account: DiscordAccount, recipient: Recipient
) -> None:
    task = make_running(alice, account, parent_message_id=PROGRESS)
    reply = wire.notice(NOTICE, "Queue full", nonce="5", **wire.reply_to(PROGRESS))

    handle(recipient, CREATE, reply)

    assert again(task).status == TaskStatus.SUBMITTED


def test_a_job_that_runs_does_not_end_because_its_command_failed(
    recipient: Recipient, task: Task
) -> None:
    handle(recipient, CREATE, wire.start(PROGRESS, nonce=NONCE))
    handle(recipient, UPDATE, wire.progress(PROGRESS, 31))

    failed = {"id": CLICK, "nonce": NONCE, "reason_code": 2}
    handle(recipient, Event.INTERACTION_FAILURE, failed)

    assert again(task).status == TaskStatus.IN_PROGRESS


# --- the account, without a task -----------------------------------------------------

STOPPING = [
    ("Blocked", AccountState.BLOCKED),
    ("Pending mod message", AccountState.PAUSED),
    ("Trial ended", AccountState.NO_SUBSCRIPTION),
    ("Tos not accepted", AccountState.PAUSED),
    ("Please complete the task", AccountState.VERIFICATION),
]
TO_US = [{"flags": 64}, wire.answers(CLICK, user=US)]
TO_OTHERS = [
    wire.answers(CLICK, user=STRANGER),
    wire.answers(CLICK, user=STRANGER) | {"flags": 64},
    wire.reply_to("1311111111111114777"),
    {},
]


@pytest.mark.parametrize("fields", TO_US)
@pytest.mark.parametrize(("title", "state"), STOPPING)
def test_a_notice_to_the_account_needs_no_task(
    recipient: Recipient,
    account: DiscordAccount,
    caplog: pytest.LogCaptureFixture,
    title: str,
    state: AccountState,
    fields: dict[str, Any],
) -> None:
    handle(recipient, CREATE, wire.notice(NOTICE, title, "So be it.", **fields))

    account.refresh_from_db()
    assert account.state == state
    assert account.resume_at is None
    assert f"{title}: So be it." in account.state_reason
    (error,) = [r for r in caplog.records if r.levelname == "ERROR"]
    assert f"account {account.pk}: {state}, a person" in error.getMessage()


@pytest.mark.parametrize("fields", TO_US)
def test_used_up_time_needs_no_task(
    recipient: Recipient,
    account: DiscordAccount,
    caplog: pytest.LogCaptureFixture,
    fields: dict[str, Any],
) -> None:
    for message_id in (NOTICE, LATER):
        said = wire.notice(message_id, "Credits exhausted", color=AMBER, **fields)
        handle(recipient, CREATE, said)

    account.refresh_from_db()
    assert account.state == AccountState.READY
    assert account.fast_exhausted
    (error,) = [r for r in caplog.records if r.levelname == "ERROR"]
    assert f"account {account.pk}" in error.getMessage()


@pytest.mark.parametrize("fields", TO_OTHERS)
@pytest.mark.parametrize("title", ["Blocked", "Credits exhausted"])
def test_a_notice_to_somebody_else_is_not_obeyed(
    recipient: Recipient, account: DiscordAccount, title: str, fields: dict[str, Any]
) -> None:
    handle(recipient, CREATE, wire.notice(NOTICE, title, **fields))

    account.refresh_from_db()
    assert account.state == AccountState.READY
    assert not account.fast_exhausted


def test_the_next_notice_pauses_again_after_a_person_has_acted(
    recipient: Recipient, account: DiscordAccount
) -> None:
    handle(recipient, CREATE, wire.notice(NOTICE, "Tos not accepted", flags=64))
    account.refresh_from_db()
    save_account(account)

    handle(recipient, CREATE, wire.notice(LATER, "Tos not accepted", flags=64))

    account.refresh_from_db()
    assert account.state == AccountState.PAUSED


# Where each notice leaves its account, by name; the others leave it alone.
WHERE = {
    "no_subscription": AccountState.NO_SUBSCRIPTION,
    "mod_message": AccountState.PAUSED,
    "blocked": AccountState.BLOCKED,
    "verification": AccountState.VERIFICATION,
    "tos": AccountState.PAUSED,
    "abuse": AccountState.PAUSED,
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_notice_ends_in_its_state(
    recipient: Recipient, account: DiscordAccount, kind: NoticeKind
) -> None:
    words = (kind.titles or kind.texts)[0]
    said = wire.notice(NOTICE, words, "for 3 days", flags=64)
    if not kind.titles:
        said = wire.message(NOTICE, words, flags=64)

    handle(recipient, CREATE, said)

    account.refresh_from_db()
    blocked = kind.name == "blocked"
    end = timezone.now() + timedelta(days=3) + SLACK if blocked else None
    assert account.state == WHERE.get(kind.name, AccountState.READY)
    assert account.resume_at == end
    assert account.fast_exhausted is (kind.name == "fast_exhausted")
    assert account.events.exists() is (kind.name in WHERE)


# --- hostile -------------------------------------------------------------------------

ODD_EMBEDS: list[Any] = [
    None,
    "Blocked",
    {"title": "Blocked"},
    [None, 5, "Blocked", []],
    [{"type": "rich", "title": ["Blocked"], "description": {"a": 1}}],
    [{"type": "rich", "title": 5, "color": 1}],
    [{"type": "image", "title": "Blocked", "color": RED}],
    [{"type": "link", "title": "Banned prompt: a history", "color": RED}],
    [{"type": "article", "title": "Maintenance", "color": RED}],
    [{"type": "video", "title": "Credits exhausted"}],
]


@pytest.mark.parametrize("embeds", ODD_EMBEDS)
@pytest.mark.parametrize("event", [CREATE, UPDATE])
def test_what_is_no_notice_changes_nothing(
    recipient: Recipient, account: DiscordAccount, task: Task, event: Event, embeds: Any
) -> None:
    handle(recipient, event, wire.message(NOTICE, nonce=NONCE, flags=64, embeds=embeds))

    account.refresh_from_db()
    assert account.state == AccountState.READY
    assert again(task).status == TaskStatus.SUBMITTED


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("Blocked", "x" * 1_000_000),
        ("Blocked" + "!" * 1_000_000, None),
        ("Blocked\x00", "\x00\ud800 for 3 days \udfff"),
        ("Blocked", "for 9999 weeks"),
        ("Blocked", "<t:99999999999:R> for " + "9" * 100_000 + " days"),
        ("Blocked", ["for 3 days"]),
    ],
)
def test_odd_words_are_cut_and_cleaned(
    recipient: Recipient, account: DiscordAccount, task: Task, title: str, body: Any
) -> None:
    embed = {"type": "rich", "title": title, "description": body, "color": RED}

    handle(recipient, CREATE, wire.message(NOTICE, nonce=NONCE, embeds=[embed]))

    account.refresh_from_db()
    reason = again(task).fail_reason
    assert account.state == AccountState.BLOCKED
    assert reason.isprintable()
    assert 50 < len(reason) < 4000


@pytest.mark.parametrize("embed", [{"title": "Blocked"}, {"title": "Oh", "color": RED}])
def test_a_result_with_a_notice_on_it_is_a_result(
    recipient: Recipient, account: DiscordAccount, task: Task, embed: dict[str, Any]
) -> None:
    embeds = [{"type": "rich", **embed}]

    handle(recipient, CREATE, wire.final(NOTICE, nonce=NONCE, embeds=embeds))

    account.refresh_from_db()
    assert account.state == AccountState.READY
    assert again(task).status == TaskStatus.SUCCESS


@pytest.mark.parametrize("message_id", ["x", "0", "-5", "9" * 30])
def test_the_notice_of_an_odd_message_is_not_obeyed(
    recipient: Recipient, account: DiscordAccount, message_id: str
) -> None:
    handle(recipient, CREATE, wire.notice(message_id, "Blocked", flags=64))

    account.refresh_from_db()
    assert account.state == AccountState.READY
    assert account.notice_id == 0


@pytest.mark.parametrize(
    "author", [{"id": STRANGER, "username": "Blocked"}, {"id": US}]
)
def test_a_persons_words_are_no_notice(
    recipient: Recipient, account: DiscordAccount, task: Task, author: dict[str, Any]
) -> None:
    said = wire.notice(NOTICE, "Blocked", nonce=NONCE, flags=64, author=author)

    assert handle(recipient, CREATE, said) is Outcome.NOT_OURS

    account.refresh_from_db()
    assert account.state == AccountState.READY
    assert again(task).status == TaskStatus.SUBMITTED
