from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import DiscordAccount, User
from gateway import cancelling
from gateway.protocol.answers import Answer, Verdict
from gateway.protocol.constants import MIDJOURNEY_APP, NIJI_APP
from tasks.enums import BotType, TaskStatus
from tasks.models import Task
from tests.factories import make_account
from tests.gateway.fakes import ACCEPTED, FakeHttp
from tests.gateway.rows import again, make_index, make_running, make_session
from tests.gateway.wire import JOB

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def live(account: DiscordAccount) -> DiscordAccount:
    make_session(account)
    make_index(account)
    return account


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

    assert cancelling.press_cancel(task.pk) is True

    (body,) = http.bodies
    assert body["type"] == 3
    assert body["data"]["custom_id"] == f"MJ::CancelJob::ByJobid::{JOB}"
    assert body["message_id"] == task.progress_message_id
    assert body["application_id"] == MIDJOURNEY_APP
    assert body["nonce"] != task.nonce
    assert again(task).cancel_pressed_at is not None
    assert again(task).nonce == task.nonce


def test_the_messages_menu_is_used_where_the_job_is_not_known(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    task = make_cancelled(alice, live)

    assert cancelling.press_cancel(task.pk) is True

    (body,) = http.bodies
    assert body["type"] == 2
    assert body["data"]["name"] == "Cancel Job"
    assert body["data"]["target_id"] == task.progress_message_id


def test_a_job_of_niji_is_stopped_by_niji(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    task = make_cancelled(alice, live, job_id=JOB, bot_type=BotType.NIJI_JOURNEY)

    cancelling.press_cancel(task.pk)

    assert http.bodies[0]["application_id"] == NIJI_APP


def test_it_is_pressed_once(alice: User, live: DiscordAccount, http: FakeHttp) -> None:
    task = make_cancelled(alice, live, job_id=JOB)
    cancelling.press_cancel(task.pk)

    assert cancelling.press_cancel(task.pk) is False
    assert len(http.bodies) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"cancel_requested_at": None},
        {"progress_message_id": None},
        {"status": TaskStatus.SUCCESS},
        {"status": TaskStatus.NOT_START},
    ],
)
def test_where_nothing_runs_nothing_is_pressed(
    alice: User, live: DiscordAccount, http: FakeHttp, fields: dict[str, Any]
) -> None:
    task = make_cancelled(alice, live, **({"job_id": JOB} | fields))

    assert cancelling.press_cancel(task.pk) is False
    assert http.bodies == []
    assert again(task).cancel_pressed_at is None


@pytest.mark.parametrize("session", [None, {"is_live": False}, {"holder": ""}])
def test_without_a_live_session_it_is_pressed_later(
    alice: User, http: FakeHttp, session: dict[str, Any] | None
) -> None:
    account = make_account()
    if session is not None:
        make_session(account, **session)
    task = make_cancelled(alice, account, job_id=JOB)

    assert cancelling.press_cancel(task.pk) is False
    assert again(task).cancel_pressed_at is None


def test_without_the_command_it_is_pressed_later(
    alice: User, account: DiscordAccount, http: FakeHttp
) -> None:
    make_session(account)
    task = make_cancelled(alice, account)

    assert cancelling.press_cancel(task.pk) is False
    assert again(task).cancel_pressed_at is None


@pytest.mark.parametrize(
    ("verdict", "pressed"),
    [
        (Verdict.LATER, False),
        (Verdict.REFUSED, True),
        (Verdict.UNKNOWN, True),
    ],
)
def test_it_is_pressed_again_only_where_discord_certainly_took_nothing(
    alice: User,
    live: DiscordAccount,
    http: FakeHttp,
    verdict: Verdict,
    pressed: bool,
) -> None:
    http.answers = [Answer(verdict)]
    task = make_cancelled(alice, live, job_id=JOB)

    cancelling.press_cancel(task.pk)

    assert (again(task).cancel_pressed_at is not None) is pressed


def test_while_discord_wants_silence_it_is_pressed_later(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    http.answers = [Answer(Verdict.LATER, "Discord 429", 100.0), ACCEPTED]
    task = make_cancelled(alice, live, job_id=JOB)
    cancelling.press_cancel(task.pk)

    assert cancelling.press_cancel(task.pk) is False

    assert len(http.bodies) == 1
    assert again(task).cancel_pressed_at is None
