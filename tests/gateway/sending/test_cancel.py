from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from gateway.events.handlers import Outcome, Recipient, handle
from gateway.models import GatewaySession
from gateway.protocol.answers import Answer, Verdict
from gateway.protocol.constants import MIDJOURNEY_APP, NIJI_APP, Event
from gateway.sending.cancel import pause, press_cancel, to_press
from mjproxy.lib.process import event_loop
from tasks.enums import BotType, TaskStatus
from tasks.models import Task
from tasks.services import cancel
from tests.factories import make_account
from tests.gateway import wire
from tests.gateway.fakes import ACCEPTED, FakeHttp
from tests.gateway.rows import again, make_running, make_session
from tests.gateway.wire import JOB

CLICK = "1311111111111114000"

pytestmark = pytest.mark.django_db(transaction=True)


def make_cancelled(alice: User, account: DiscordAccount, **fields: Any) -> Task:
    values: dict[str, Any] = {
        "status": TaskStatus.IN_PROGRESS,
        "progress_message_id": "1311111111111115001",
        "cancel_requested_at": timezone.now(),
    }
    return make_running(alice, account, **(values | fields))


def test_the_cancel_button_is_pressed_where_the_job_is_known(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    task = make_cancelled(alice, live, job_id=JOB)

    assert press_cancel(task.pk) is True

    (body,) = http.bodies
    assert body["type"] == 3
    assert body["data"]["custom_id"] == f"MJ::CancelJob::ByJobid::{JOB}"
    assert body["message_id"] == task.progress_message_id
    assert body["application_id"] == MIDJOURNEY_APP
    assert body["nonce"] != task.nonce
    assert again(task).cancel_presses == 1
    assert again(task).nonce == task.nonce


def test_the_messages_menu_is_used_where_the_job_is_not_known(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    task = make_cancelled(alice, live)

    assert press_cancel(task.pk) is True

    (body,) = http.bodies
    assert body["type"] == 2
    assert body["data"]["name"] == "Cancel Job"
    assert body["data"]["target_id"] == task.progress_message_id


def test_a_job_of_niji_is_stopped_by_niji(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    task = make_cancelled(alice, live, job_id=JOB, bot_type=BotType.NIJI_JOURNEY)

    press_cancel(task.pk)

    assert http.bodies[0]["application_id"] == NIJI_APP


def test_it_is_pressed_again_with_growing_pauses_until_the_job_is_over(
    alice: User, live: DiscordAccount, http: FakeHttp, clock: Any
) -> None:
    task = make_cancelled(alice, live, job_id=JOB)
    pauses = []

    for presses in range(1, 9):
        assert to_press() == [task.pk]
        assert press_cancel(task.pk) is True
        assert press_cancel(task.pk) is False, "once for each pause"
        assert to_press() == []
        assert len(set(http.nonces)) == presses
        moment = again(task).cancel_next_at
        assert moment is not None
        pauses.append((moment - timezone.now()).total_seconds())
        clock.move_to(moment)
        GatewaySession.objects.update(lease_until=moment + timedelta(minutes=1))

    assert all(2 <= pause <= 60 for pause in pauses)
    assert pauses[3] > pauses[0]
    assert min(pauses[-2:]) >= 30
    Task.objects.update(status=TaskStatus.FAILURE)
    assert to_press() == []
    assert press_cancel(task.pk) is False


def test_pauses_differ() -> None:
    assert len({pause(3) for _ in range(20)}) > 1


def test_a_worker_that_dies_before_its_press_leaves_the_next_one_booked(
    alice: User,
    live: DiscordAccount,
    http: FakeHttp,
    clock: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = make_cancelled(alice, live, job_id=JOB)
    with monkeypatch.context() as patched:
        patched.setattr(event_loop, "spawn", lambda work: work.close())
        assert press_cancel(task.pk) is True
    assert http.bodies == []

    clock.shift(4)

    assert press_cancel(task.pk) is True
    assert len(http.bodies) == 1


def test_a_job_that_starts_later_is_stopped_at_once(
    alice: User, live: DiscordAccount, recipient: Recipient, http: FakeHttp
) -> None:
    task = make_running(alice, live)
    answers = wire.answers(CLICK)
    queued = wire.notice("1311111111111115001", "Job queued", **answers)
    handle(recipient, Event.INTERACTION_CREATE, {"id": CLICK, "nonce": task.nonce})
    handle(recipient, Event.MESSAGE_CREATE, queued)
    assert cancel(again(task))
    assert press_cancel(task.pk) is True
    assert to_press() == []

    start = wire.start("1311111111111115002", **answers)
    handle(recipient, Event.MESSAGE_CREATE, start)

    assert to_press() == [task.pk]
    assert press_cancel(task.pk) is True
    assert http.bodies[-1]["data"]["target_id"] == "1311111111111115002"

    progress = wire.progress("1311111111111115002", 31, job=JOB)
    handle(recipient, Event.MESSAGE_UPDATE, progress)

    assert press_cancel(task.pk) is True
    assert http.bodies[-1]["data"]["custom_id"].endswith(JOB)
    handle(recipient, Event.MESSAGE_UPDATE, progress)
    assert to_press() == [], "a further percentage is no news"


@pytest.mark.parametrize("colour", [wire.RED, wire.AMBER])
@pytest.mark.parametrize("key", ["interacted_message_id", "target_message_id"])
def test_what_midjourney_says_to_a_cancel_does_not_end_the_task(
    alice: User, live: DiscordAccount, recipient: Recipient, colour: int, key: str
) -> None:
    task = make_cancelled(alice, live, job_id=JOB)
    shown = str(task.progress_message_id)
    said = wire.notice(
        "1311111111111115009",
        "No running job",
        color=colour,
        flags=64,
        **wire.reply_to(shown),
        **wire.answers(CLICK, **{key: shown}),
    )

    assert handle(recipient, Event.MESSAGE_UPDATE, said) is Outcome.TAUGHT

    assert again(task).status == TaskStatus.IN_PROGRESS
    assert again(task).interaction_id is None


def test_an_error_about_the_job_ends_it_though_it_shall_be_cancelled(
    alice: User, live: DiscordAccount, recipient: Recipient
) -> None:
    task = make_cancelled(alice, live, job_id=JOB)
    said = wire.notice(
        "1311111111111115009",
        "Image denied",
        **wire.reply_to(str(task.progress_message_id)),
    )

    handle(recipient, Event.MESSAGE_CREATE, said)

    assert again(task).status == TaskStatus.FAILURE


@pytest.mark.parametrize(
    "fields",
    [
        {"cancel_requested_at": None},
        {"progress_message_id": None},
        {"removed_at": timezone.now()},
        {"status": TaskStatus.SUCCESS},
        {"status": TaskStatus.NOT_START},
    ],
)
def test_where_nothing_runs_nothing_is_pressed(
    alice: User, live: DiscordAccount, http: FakeHttp, fields: dict[str, Any]
) -> None:
    task = make_cancelled(alice, live, **({"job_id": JOB} | fields))

    assert press_cancel(task.pk) is False
    assert http.bodies == []
    assert again(task).cancel_presses == 0


@pytest.mark.parametrize("session", [None, {"is_live": False}, {"holder": ""}])
def test_without_a_live_session_it_is_pressed_later(
    alice: User, http: FakeHttp, session: dict[str, Any] | None
) -> None:
    account = make_account()
    if session is not None:
        make_session(account, **session)
    task = make_cancelled(alice, account, job_id=JOB)

    assert press_cancel(task.pk) is False
    assert again(task).cancel_presses == 0


def test_without_the_command_it_is_pressed_later(
    alice: User, account: DiscordAccount, http: FakeHttp
) -> None:
    make_session(account)
    task = make_cancelled(alice, account)

    assert press_cancel(task.pk) is False
    assert again(task).cancel_presses == 0


@pytest.mark.parametrize("verdict", [Verdict.REFUSED, Verdict.STALE, Verdict.UNKNOWN])
def test_whatever_discord_answers_it_is_pressed_again(
    alice: User, live: DiscordAccount, http: FakeHttp, clock: Any, verdict: Verdict
) -> None:
    http.answers = [Answer(verdict, "Discord 500"), ACCEPTED]
    task = make_cancelled(alice, live, job_id=JOB)
    press_cancel(task.pk)
    assert press_cancel(task.pk) is False

    clock.shift(4)

    assert press_cancel(task.pk) is True
    assert len(http.bodies) == 2


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        (Verdict.TOKEN_DEAD, AccountState.INVALID_TOKEN),
        (Verdict.NEEDS_PERSON, AccountState.PAUSED),
        (Verdict.UNVERIFIED, AccountState.VERIFICATION),
    ],
)
def test_an_account_that_needs_a_person_presses_nothing_more(
    alice: User,
    live: DiscordAccount,
    http: FakeHttp,
    verdict: Verdict,
    state: AccountState,
) -> None:
    http.answers = [Answer(verdict, "Discord 403")]
    task = make_cancelled(alice, live, job_id=JOB)
    press_cancel(task.pk)
    live.refresh_from_db()
    assert live.state == state

    Task.objects.update(cancel_next_at=None)

    assert press_cancel(task.pk) is False
    assert len(http.bodies) == 1


def test_while_discord_wants_silence_it_is_pressed_later(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    http.answers = [Answer(Verdict.LATER, "Discord 429", 100.0), ACCEPTED]
    task = make_cancelled(alice, live, job_id=JOB)
    press_cancel(task.pk)

    assert press_cancel(task.pk) is False

    assert len(http.bodies) == 1
    assert again(task).cancel_presses == 0
