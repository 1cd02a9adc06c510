from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.enums import AccountState, SpeedMode
from accounts.models import DiscordAccount, User
from gateway import timing
from gateway.models import CommandIndex, DispatchLane, GatewaySession
from gateway.protocol.answers import Answer
from gateway.protocol.constants import MIDJOURNEY_APP, NIJI_APP
from gateway.sending import dispatch
from mjproxy.lib.db.threads import in_thread
from tasks.enums import BotType, Delivery, TaskAction, TaskStatus
from tasks.models import Task
from tests.factories import make_account, make_finished
from tests.gateway.fakes import FakeHttp
from tests.gateway.rows import (
    COMMANDS,
    again,
    make_running,
    make_session,
    make_waiting,
)
from tests.gateway.wire import CHANNEL, GUILD, JOB, PROMPT

pytestmark = pytest.mark.django_db(transaction=True)


# --- sending -------------------------------------------------------------------------


def test_a_waiting_task_is_claimed_and_sent(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    task = make_waiting(alice, live, "a  tin\nrobot --fast")

    assert dispatch.run_lane(live.pk) is None

    (body,) = http.bodies
    sent = again(task)
    assert sent.status == TaskStatus.SUBMITTED
    assert sent.delivery == Delivery.ACCEPTED
    assert sent.nonce == body["nonce"]
    assert (sent.attempts, sent.progress) == (1, 0)
    assert sent.deadline_at is not None
    assert sent.claimed_at is not None
    assert sent.deadline_at - sent.claimed_at == timedelta(minutes=10)
    assert body["data"]["options"][0]["value"] == "a tin robot --fast"
    assert body["data"]["version"] == COMMANDS[0]["version"]
    assert (body["channel_id"], body["guild_id"]) == (CHANNEL, GUILD)
    assert body["session_id"] == "5e55105e"
    assert body["application_id"] == MIDJOURNEY_APP


def test_the_nonce_is_in_the_row_before_discord_sees_it(
    alice: User,
    live: DiscordAccount,
    http: FakeHttp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = make_waiting(alice, live)
    seen: list[bool] = []
    real = http.post_interaction

    async def interact(body: dict[str, Any]) -> Answer:
        rows = Task.objects.filter(pk=task.pk, nonce=body["nonce"])
        seen.append(await in_thread(rows.exists))
        return await real(body)

    monkeypatch.setattr(http, "post_interaction", interact)

    dispatch.run_lane(live.pk)

    assert seen == [True]


def test_the_oldest_is_sent_first(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    tasks = [make_waiting(alice, live, f"number {n}") for n in range(3)]

    dispatch.run_lane(live.pk)

    assert http.nonces == [again(task).nonce for task in tasks]


def test_a_task_is_sent_with_few_statements(
    alice: User, live: DiscordAccount, http: FakeHttp, memory: None
) -> None:
    DiscordAccount.objects.update(allow_modes=["FAST"], interval=9)
    make_waiting(alice, live, "a fox")
    dispatch.run_lane(live.pk)  # makes the lane, reads the command index
    DispatchLane.objects.update(next_send_at=None)
    press = f"MJ::JOB::upsample::2::{JOB}"
    parent = make_finished(alice, account=live)
    make_waiting(alice, live, action=TaskAction.UPSCALE, parent=parent, custom_id=press)

    with CaptureQueriesContext(connection) as seen:
        dispatch.run_lane(live.pk)

    assert len(http.bodies) == 2
    verbs = [query["sql"].split()[0] for query in seen]
    statements = [verb for verb in verbs if verb not in ("BEGIN", "COMMIT")]
    assert statements == ["SELECT", "SELECT", "UPDATE", "UPDATE"]


def test_niji_has_its_own_application(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    make_waiting(alice, live, bot_type=BotType.NIJI_JOURNEY)

    dispatch.run_lane(live.pk)

    assert http.bodies[0]["application_id"] == NIJI_APP
    assert http.bodies[0]["data"]["id"] == COMMANDS[1]["id"]


@pytest.mark.parametrize(
    ("forced", "wanted", "flag"),
    [("", "", ""), ("", SpeedMode.TURBO, "--turbo"), (SpeedMode.RELAX, "", "--relax")],
)
def test_the_speed_is_the_accounts_or_the_tasks(
    alice: User,
    live: DiscordAccount,
    http: FakeHttp,
    forced: str,
    wanted: str,
    flag: str,
) -> None:
    DiscordAccount.objects.update(mode=forced)
    make_waiting(alice, live, mode=wanted)

    dispatch.run_lane(live.pk)

    value = http.bodies[0]["data"]["options"][0]["value"]
    assert value == f"{PROMPT} {flag}".strip()


def test_a_button_is_pressed_with_its_messages_flags(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    parent = make_finished(alice, account=live, message_flags=64)
    custom_id = f"MJ::JOB::upsample::2::{JOB}"
    make_waiting(
        alice,
        live,
        action=TaskAction.UPSCALE,
        parent=parent,
        parent_message_id=parent.message_id,
        custom_id=custom_id,
    )

    dispatch.run_lane(live.pk)

    (body,) = http.bodies
    assert body["data"]["custom_id"] == custom_id
    assert (body["message_id"], body["message_flags"]) == (parent.message_id, 64)


def test_a_command_that_discord_does_not_list_ends_the_task(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    CommandIndex.objects.all().delete()
    task = make_waiting(alice, live)

    dispatch.run_lane(live.pk)

    assert again(task).status == TaskStatus.FAILURE
    assert "imagine" in again(task).fail_reason
    assert http.bodies == []


# --- one sender ----------------------------------------------------------------------


def test_two_threads_send_each_task_once(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    DiscordAccount.objects.update(core_size=8)
    tasks = [make_waiting(alice, live, f"number {n}") for n in range(8)]
    barrier = Barrier(3)

    def nudge() -> None:
        barrier.wait()
        try:
            dispatch.run_lane(live.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(nudge) for _ in range(3)]:
            done.result()

    assert sorted(http.nonces) == sorted(str(again(t).nonce) for t in tasks)
    assert set(Task.objects.values_list("attempts", flat=True)) == {1}


def test_a_claim_that_was_given_up_is_not_posted(
    alice: User,
    live: DiscordAccount,
    http: FakeHttp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timing, "LATE_POST", -1.0)
    monkeypatch.setattr(dispatch, "_renew", lambda *_: False)
    task = make_waiting(alice, live)

    dispatch.run_lane(live.pk)

    assert http.bodies == []
    assert again(task).status == TaskStatus.NOT_START  # nothing has left


def test_a_late_claim_that_still_stands_is_renewed(
    alice: User, live: DiscordAccount
) -> None:
    old = timezone.now() - timedelta(minutes=1)
    task = make_running(alice, live, claimed_at=old)
    session = GatewaySession.objects.get()
    another = GatewaySession(account=live, session_id="another")

    assert dispatch._renew(task.pk, session, str(task.nonce), "6") is True
    assert dispatch._renew(task.pk, session, "5", "7") is False
    assert dispatch._renew(task.pk, another, "6", "8") is False

    claimed = again(task).claimed_at
    assert claimed is not None
    assert claimed > old


# --- what may not be sent now --------------------------------------------------------


@pytest.mark.parametrize(
    "session",
    [
        {"is_live": False},
        {"session_id": ""},
        {"holder": ""},
        {"lease_until": timezone.now() - timedelta(days=1)},
    ],
)
def test_without_a_live_session_nothing_is_sent(
    alice: User, live: DiscordAccount, http: FakeHttp, session: dict[str, Any]
) -> None:
    make_waiting(alice, live)
    GatewaySession.objects.update(**session)

    assert dispatch.run_lane(live.pk) is None
    assert http.bodies == []


@pytest.mark.parametrize("fields", [{"state": AccountState.PAUSED}, {"enabled": False}])
def test_an_account_that_is_not_ready_sends_nothing(
    alice: User, live: DiscordAccount, http: FakeHttp, fields: dict[str, Any]
) -> None:
    make_waiting(alice, live)
    DiscordAccount.objects.update(**fields)

    dispatch.run_lane(live.pk)

    assert http.bodies == []


def test_an_account_that_was_deleted_sends_nothing(http: FakeHttp) -> None:
    account = make_account()
    make_session(account).delete()

    assert dispatch.run_lane(account.pk) is None


def test_no_more_run_than_the_account_has_slots(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    DiscordAccount.objects.update(core_size=2)
    tasks = [make_waiting(alice, live, f"number {n}") for n in range(3)]

    dispatch.run_lane(live.pk)

    assert len(http.bodies) == 2
    assert again(tasks[2]).status == TaskStatus.NOT_START


def test_the_first_leaves_at_once_and_the_next_waits_for_its_pace(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    DiscordAccount.objects.update(interval=50, after_interval_max=10)
    for n in range(2):
        make_waiting(alice, live, f"number {n}")

    wait = dispatch.run_lane(live.pk)

    assert len(http.bodies) == 1
    assert wait is not None
    assert 40 < wait <= 60

    again_wait = dispatch.run_lane(live.pk)

    assert len(http.bodies) == 1
    assert again_wait is not None


def test_a_task_that_shall_wait_is_not_sent(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    later = timezone.now() + timedelta(hours=1)
    make_waiting(alice, live, not_before=later)

    dispatch.run_lane(live.pk)

    assert http.bodies == []


def test_equal_prompts_wait_until_the_first_has_its_job(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    first, second = make_waiting(alice, live), make_waiting(alice, live)
    other = make_waiting(alice, live, "something else")

    dispatch.run_lane(live.pk)

    assert http.nonces == [again(first).nonce, again(other).nonce]
    assert again(second).status == TaskStatus.NOT_START

    Task.objects.filter(pk=first.pk).update(job_id=JOB)
    dispatch.run_lane(live.pk)

    assert again(second).status == TaskStatus.SUBMITTED


def test_equal_prompts_of_two_bots_do_not_wait(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    make_waiting(alice, live)
    make_waiting(alice, live, bot_type=BotType.NIJI_JOURNEY)

    dispatch.run_lane(live.pk)

    assert len(http.bodies) == 2
