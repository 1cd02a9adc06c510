"""Reasons for waiting in a lane, as shown to users."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import DiscordAccount, User
from gateway.events.handlers import Recipient, handle
from gateway.lanes import lane
from gateway.lanes.waits import lanes_of
from gateway.protocol.answers import Answer, Verdict
from gateway.protocol.constants import Event
from gateway.sending.dispatch import run_lane, settle
from gateway.sending.prepare import _retry_or_fail
from gateway.sending.refusals import MAX_ATTEMPTS
from tasks.enums import TaskStatus
from tasks.models import Task
from tasks.waiting import reason
from tasks.wire import task_json
from tests.factories import make_account
from tests.gateway import wire
from tests.gateway.fakes import FakeHttp
from tests.gateway.rows import (
    again,
    make_index,
    make_running,
    make_session,
    make_waiting,
)

pytestmark = pytest.mark.django_db(transaction=True)


def shown_reason(task: Task) -> Any:
    return task_json(again(task))["properties"]["waitingFor"]


def test_an_account_without_a_session_has_no_lane(account: DiscordAccount) -> None:
    assert lanes_of([account.pk]) == {}


@pytest.mark.parametrize(
    "fields", [{"is_live": False}, {"session_id": ""}, {"holder": ""}]
)
def test_a_lane_without_a_socket_is_not_connected(
    alice: User, account: DiscordAccount, fields: dict[str, Any]
) -> None:
    make_session(account, **fields)

    assert lanes_of([account.pk])[account.pk].is_connected is False
    assert shown_reason(make_waiting(alice, account)) == reason.NOT_CONNECTED


def test_channels_of_one_discord_user_have_one_lane_with_the_least_slots(
    account: DiscordAccount,
) -> None:
    beside, stranger = make_account(core_size=1), make_account()
    make_session(account)
    make_session(beside)
    make_session(stranger, user_id="1311111111111111999")

    one = lanes_of([account.pk])
    all_of_them = lanes_of([account.pk, beside.pk, stranger.pk])

    assert one[account.pk].accounts == {account.pk, beside.pk}
    assert one[account.pk].core_size == 1
    assert all_of_them.keys() == {account.pk, beside.pk, stranger.pk}
    assert all_of_them[account.pk] == one[account.pk]
    assert all_of_them[stranger.pk].accounts == {stranger.pk}


def test_sessions_whose_user_is_not_known_yet_stand_alone(
    account: DiscordAccount,
) -> None:
    beside = make_account()
    make_session(account, user_id="")
    make_session(beside, user_id="")

    found = lanes_of([account.pk, beside.pk])

    assert found[account.pk].accounts == {account.pk}
    assert found[beside.pk].accounts == {beside.pk}


def test_the_pace_is_the_lanes(alice: User, account: DiscordAccount) -> None:
    make_session(account)
    lane.make(account.pk)
    account.interval = 60
    lane.keep_pace(account)

    assert shown_reason(make_waiting(alice, account)) == reason.PACE


def test_a_rate_limit_is_told_to_the_task_and_to_those_behind_it(
    alice: User, account: DiscordAccount
) -> None:
    make_session(account)
    limited = make_running(alice, account)
    behind = make_waiting(alice, account, "another prompt")

    settle(
        account.pk,
        limited.pk,
        str(limited.nonce),
        Answer(Verdict.LATER, "Discord 429: slow", 60.0),
    )

    assert again(limited).status == TaskStatus.NOT_START
    assert "sent again soon: Discord 429: slow" in shown_reason(limited)
    assert "sent again soon: Discord 429: slow" in shown_reason(behind)


def test_a_task_that_is_sent_again_forgets_why_it_waited(
    alice: User, account: DiscordAccount, http: FakeHttp
) -> None:
    make_session(account)
    make_index(account)
    task = make_waiting(alice, account, waiting_reason="Discord 429")

    run_lane(account.pk)

    assert again(task).status == TaskStatus.SUBMITTED
    assert shown_reason(task) is None


def test_midjourneys_full_queue_is_told(
    alice: User, account: DiscordAccount, recipient: Recipient
) -> None:
    make_session(account)
    task = make_running(alice, account)
    behind = make_waiting(alice, account, "another prompt")

    full = wire.notice("1311111111111115001", "Queue full", nonce=task.nonce)
    handle(recipient, Event.MESSAGE_CREATE, full)

    assert again(task).attempts < MAX_ATTEMPTS
    assert "Midjourney's queue for this account is full" in shown_reason(task)
    assert "Midjourney's queue for this account is full" in shown_reason(behind)


def test_a_job_that_midjourney_has_queued_says_so_until_it_starts(
    alice: User, account: DiscordAccount, recipient: Recipient
) -> None:
    task = make_running(alice, account)
    queued = wire.notice("1311111111111115001", "Job queued", nonce=task.nonce)

    handle(recipient, Event.MESSAGE_CREATE, queued)
    assert "Midjourney has queued the job" in shown_reason(task)

    start = wire.start("1311111111111115001")
    handle(recipient, Event.MESSAGE_UPDATE, start)
    assert shown_reason(task) is None


def test_a_picture_that_is_fetched_again_says_why(
    alice: User, account: DiscordAccount
) -> None:
    make_session(account)
    task = make_waiting(alice, account, prepared=False)
    assert shown_reason(task) == reason.BEING_BROUGHT

    _retry_or_fail(task, "链接错误 / a link cannot be fetched: 503", permanent=False)

    assert "a link cannot be fetched: 503" in shown_reason(task)


def test_an_answer_that_does_not_tell_is_looked_up(
    alice: User, account: DiscordAccount
) -> None:
    task = make_running(alice, account)

    settle(account.pk, task.pk, str(task.nonce), Answer(Verdict.UNKNOWN, "cut"))

    assert shown_reason(task) == reason.LOOKED_UP
