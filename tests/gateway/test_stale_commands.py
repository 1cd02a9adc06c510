"""Discord changed a command's version after the index was read."""

from __future__ import annotations

import pytest

from accounts.models import DiscordAccount, User
from gateway.models import CommandIndex, GatewaySession
from gateway.protocol.answers import Answer, Verdict
from gateway.sending import dispatch
from tasks.enums import Delivery, TaskAction, TaskStatus
from tasks.models import Task
from tests.gateway.fakes import ACCEPTED, FakeHttp
from tests.gateway.rows import COMMANDS, again, make_index, make_session, make_waiting
from tests.gateway.wire import JOB

pytestmark = pytest.mark.django_db(transaction=True)

STALE = Answer(Verdict.STALE, "Invalid Form Body")
FRESH = [command | {"version": f"{command['version']}9"} for command in COMMANDS]


@pytest.fixture
def task(alice: User, account: DiscordAccount, http: FakeHttp) -> Task:
    make_session(account)
    make_index(account)
    http.index = FRESH
    return make_waiting(alice, account)


def test_it_is_read_anew_and_sent_once_more_with_a_new_nonce(
    task: Task, http: FakeHttp
) -> None:
    http.answers = [STALE, ACCEPTED]

    dispatch.run_lane(task.account_id or 0)

    old, new = http.bodies
    sent = again(task)
    assert old["data"]["version"] == COMMANDS[0]["version"]
    assert new["data"]["version"] == FRESH[0]["version"]
    assert new["nonce"] != old["nonce"]
    assert sent.nonce == new["nonce"]
    assert sent.delivery == Delivery.ACCEPTED
    assert CommandIndex.objects.get().commands == FRESH


def test_a_second_refusal_ends_the_task(task: Task, http: FakeHttp) -> None:
    http.answers = [STALE]

    dispatch.run_lane(task.account_id or 0)

    assert len(http.bodies) == 2
    assert http.index_reads == 1
    assert again(task).status == TaskStatus.FAILURE
    assert again(task).fail_reason == "Invalid Form Body"


@pytest.mark.parametrize("index", [[], COMMANDS, ConnectionError("away")])
def test_without_a_newer_version_the_task_ends(
    task: Task, http: FakeHttp, index: list[dict[str, str]] | Exception
) -> None:
    http.answers, http.index = [STALE], index

    dispatch.run_lane(task.account_id or 0)

    assert len(http.bodies) == 1
    assert again(task).status == TaskStatus.FAILURE


def test_a_button_has_no_version_to_read_anew(task: Task, http: FakeHttp) -> None:
    http.answers = [STALE]
    Task.objects.update(
        action=TaskAction.UPSCALE,
        custom_id=f"MJ::JOB::upsample::1::{JOB}",
        parent_message_id="94",
    )

    dispatch.run_lane(task.account_id or 0)

    assert len(http.bodies) == 1
    assert http.index_reads == 0
    assert again(task).status == TaskStatus.FAILURE


def test_a_task_that_moved_meanwhile_is_not_sent_again(
    task: Task, http: FakeHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    http.answers = [STALE, ACCEPTED]
    monkeypatch.setattr(dispatch, "_renew", lambda *_: False)

    dispatch.run_lane(task.account_id or 0)

    assert len(http.bodies) == 1


def test_the_nonce_of_a_task_that_moved_is_not_renewed(task: Task) -> None:
    Task.objects.update(status=TaskStatus.FAILURE, nonce="95")

    session = GatewaySession.objects.get(account=task.account)
    assert dispatch._renew(task.pk, session, "95", "96") is False
    assert again(task).nonce == "95"
