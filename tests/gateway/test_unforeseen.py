"""Unforeseen errors in every kind of work: it ends after a few tries, with a reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.enums import AccountState
from accounts.models import DiscordAccount, User, Verification
from accounts.verification import lock
from gateway import jobs, lost_accounts
from gateway.discord import clients
from gateway.enums import QueryState
from gateway.events import handlers
from gateway.events.handlers import Recipient
from gateway.models import AccountQuery
from gateway.protocol.constants import Event
from gateway.sending import dispatch, errands, window_answers
from gateway.sockets import history, manager
from gateway.sockets.manager import Manager
from mjproxy.lib import faults
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.faults import MOST
from mjproxy.lib.process import backoff, event_loop
from tasks.enums import (
    ErrandKind,
    ErrandState,
    InputRole,
    TaskAction,
    TaskStatus,
    WindowState,
)
from tasks.errands import send_on
from tasks.models import Errand, Task
from tasks.pictures import inputs
from tests import nudged
from tests.factories import make_account, make_finished
from tests.gateway.fakes import FakeHttp
from tests.gateway.query_rows import make_live, make_query
from tests.gateway.rows import (
    again,
    make_pressed,
    make_running,
    make_session,
    make_waiting,
)
from tests.gateway.sockets.test_history_reading import History, reader
from tests.gateway.wire import CHANNEL, JOB, US, start
from tests.pictures import bare, picture

pytestmark = pytest.mark.django_db(transaction=True)

AWAY = "the database is away"
Scene = tuple[Callable[[], None], Callable[[], tuple[bool, str]]]


@pytest.fixture(autouse=True)
def _own_files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture(autouse=True)
def _no_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "is_resting", lambda _: False)


@pytest.fixture
def live(account: DiscordAccount) -> DiscordAccount:
    return make_live(account)


@pytest.fixture(params=[ZeroDivisionError("boom"), faults.AWAY[0](AWAY)])
def error(
    request: pytest.FixtureRequest, http: FakeHttp, monkeypatch: pytest.MonkeyPatch
) -> Exception:
    """What happens whenever an account's client is wanted."""
    found: Exception = request.param

    async def client_of(_: Any) -> None:
        raise found

    monkeypatch.setattr(clients, "client_of", client_of)
    return found


# --- jobs ----------------------------------------------------------------------------


def prepare_scene(alice: User, live: DiscordAccount) -> Scene:
    task = make_waiting(alice, live, prepared=False)
    brought = inputs.read(bare(picture()), InputRole.PROMPT)
    inputs.write_rows(inputs.write_files([brought]), task=task)

    def work() -> None:
        Task.objects.update(prepare_after=None)
        nudged.do("gateway.prepare_task", task.pk)

    return work, lambda: (again(task).is_terminal, again(task).fail_reason)


def dispatch_scene(alice: User, live: DiscordAccount) -> Scene:
    live.command_index.commands = [
        command | {"name": "imagine"} for command in live.command_index.commands
    ]
    live.command_index.save()
    task = make_waiting(alice, live)

    def work() -> None:
        rows = Task.objects.exclude(status=TaskStatus.FAILURE)
        rows.update(status=TaskStatus.NOT_START, not_before=None)
        jobs.dispatch_account(live.pk)

    return work, lambda: (again(task).is_terminal, again(task).fail_reason)


def window_scene(alice: User, live: DiscordAccount) -> Scene:
    facts: dict[str, Any] = {"window_id": "MJ::x", "interaction_id": "5"}
    task = make_pressed(alice, live, "variation", action=TaskAction.VARIATION, **facts)

    def work() -> None:
        rows = Task.objects.filter(status=TaskStatus.SUBMITTED)
        rows.update(window=WindowState.OPEN, not_before=None)
        nudged.do("gateway.answer_window", task.pk)

    return work, lambda: (again(task).is_terminal, again(task).fail_reason)


def press_scene(alice: User, live: DiscordAccount) -> Scene:
    return _errand(alice, live, ErrandKind.PRESS)


def seed_scene(alice: User, live: DiscordAccount) -> Scene:
    return _errand(alice, live, ErrandKind.SEED)


def _errand(alice: User, live: DiscordAccount, kind: ErrandKind) -> Scene:
    task = make_finished(alice, account=live)
    errand = send_on(kind, owner=alice, account=live, task=task, custom_id="MJ::x")

    def work() -> None:
        Errand.objects.update(claimed_until=None)
        nudged.do("gateway.run_errand", errand.pk)

    def end() -> tuple[bool, str]:
        errand.refresh_from_db()
        return errand.state == ErrandState.FAILED, errand.error_en

    return work, end


def query_scene(alice: User, live: DiscordAccount) -> Scene:
    query = make_query(live)

    def work() -> None:
        rows = AccountQuery.objects.filter(state=QueryState.SENT)
        rows.update(state=QueryState.WAITING, flight=None, sent_at=None)
        jobs.ask_account(live.pk)

    def end() -> tuple[bool, str]:
        query.refresh_from_db()
        return query.state == QueryState.FAILED, query.error

    return work, end


def verification_scene(alice: User, live: DiscordAccount) -> Scene:
    lock.ask(live.pk, token="t", ack_url="https://x.example/ack")

    def work() -> None:
        Verification.objects.update(claimed_until=None)
        nudged.do("gateway.attend_verification", live.pk)

    def end() -> tuple[bool, str]:
        row = Verification.objects.get()
        return row.wanted_at is None, row.error

    return work, end


@pytest.mark.parametrize(
    "scene",
    [
        prepare_scene,
        dispatch_scene,
        window_scene,
        press_scene,
        seed_scene,
        query_scene,
        verification_scene,
    ],
)
def test_a_job_is_given_up_after_a_few_tries_with_a_reason(
    alice: User,
    live: DiscordAccount,
    error: Exception,
    scene: Callable[[User, DiscordAccount], Scene],
    caplog: pytest.LogCaptureFixture,
) -> None:
    work, end = scene(alice, live)

    for _ in range(MOST - 1):
        work()
        assert not end()[0]
    work()

    ended, reason = end()
    if isinstance(error, faults.AWAY):
        assert not ended
        assert not [record for record in caplog.records if record.exc_info]
    else:
        assert ended
        assert "ZeroDivisionError" in reason
        assert sum(bool(record.exc_info) for record in caplog.records) == 1


def test_a_cancel_that_breaks_is_told_once(
    alice: User,
    live: DiscordAccount,
    http: FakeHttp,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def client_of(_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(clients, "client_of", client_of)
    facts = {"job_id": JOB, "progress_message_id": "1311111111111115001"}
    now = timezone.now()
    task = make_running(alice, live, cancel_requested_at=now, **facts)

    for _ in range(MOST + 2):
        Task.objects.update(cancel_next_at=None)
        jobs.press_cancel(task.pk)

    assert sum(bool(record.exc_info) for record in caplog.records) == 1


def test_a_dispatch_that_breaks_pauses_the_account(
    live: DiscordAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "run_lane", lambda _: 1 / 0)

    for _ in range(MOST):
        jobs.dispatch_account(live.pk)

    live.refresh_from_db()
    assert live.state == AccountState.PAUSED
    assert "ZeroDivisionError" in live.state_reason


def test_a_step_of_the_sweep_that_breaks_holds_up_no_other(
    alice: User, live: DiscordAccount, http: FakeHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def waiting() -> list[int]:
        done.append("errands")
        return []

    monkeypatch.setattr(lost_accounts, "leave_lost_accounts", lambda: 1 / 0)
    monkeypatch.setattr(window_answers, "to_answer", lambda: 1 / 0)
    monkeypatch.setattr(jobs, "end_overdue", lambda: done.append("end"))
    monkeypatch.setattr(errands, "waiting", waiting)

    jobs.sweep()

    assert done == ["errands", "end"]


# --- the gateway ----------------------------------------------------------------------


async def test_a_message_of_history_that_nobody_can_read_is_passed_over(
    alice: User, account: DiscordAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    await in_thread(make_session, account)
    long_ago = timezone.now() - timedelta(minutes=1)
    task = await in_thread(make_running, alice, account, claimed_at=long_ago)
    handle = handlers.handle

    def breaks(recipient: Recipient, event: Event, data: dict[str, Any]) -> Any:
        return 1 / 0 if data["id"] == "90" else handle(recipient, event, data)

    monkeypatch.setattr(history, "handle", breaks)
    page = [start("90"), start("1311111111111115001", nonce=task.nonce)]

    assert await history.repair(reader(account, History(page)))
    assert (await in_thread(again, task)).progress_message_id == "1311111111111115001"


def test_silent_tasks_that_cannot_be_judged_end(
    alice: User, account: DiscordAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_session(account)
    task, other = make_running(alice, account), make_running(alice, account)
    judge = history._judge

    def breaks(each: Task, *args: Any) -> None:
        if each.pk == task.pk:
            raise ZeroDivisionError
        judge(each, *args)

    monkeypatch.setattr(history, "_judge", breaks)

    for _ in range(MOST):
        history.judge(account.pk, [task.pk, other.pk])

    assert again(task).status == TaskStatus.FAILURE
    assert "ZeroDivisionError" in again(task).fail_reason
    assert again(other).status == TaskStatus.SUBMITTED


class Idle:
    """As much of a connection as looking after its tasks needs."""

    def __init__(self, account: DiscordAccount) -> None:
        self.account_id, self.repair_wanted, self.failed_repairs = account.pk, True, 0


async def test_history_that_breaks_ends_the_silent_tasks(
    alice: User, account: DiscordAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(*_: Any) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(manager, "look_after", breaks)
    monkeypatch.setattr(backoff, "delay", lambda *_, **__: 0.0)
    task = await in_thread(make_running, alice, account)
    idle: Any = Idle(account)

    for _ in range(MOST):
        await Manager()._repair(idle, [task.pk])

    assert (await in_thread(again, task)).status == TaskStatus.FAILURE
    assert idle.failed_repairs == MOST


async def test_an_account_that_cannot_be_read_holds_up_no_other(
    account: DiscordAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await in_thread(make_account)
    for each in (account, other):
        await in_thread(make_session, each, user_id=US)
    facts = manager._facts

    def breaks(each: DiscordAccount) -> Any:
        return 1 / 0 if each.pk == account.pk else facts(each)

    monkeypatch.setattr(manager, "_facts", breaks)

    for _ in range(MOST):
        found = await in_thread(manager._load, [account.pk, other.pk])
        assert [identity.account_id for identity, *_ in found] == [other.pk]

    await in_thread(account.refresh_from_db)
    assert account.state == AccountState.PAUSED
    assert "ZeroDivisionError" in account.state_reason


async def test_a_gateway_whose_rounds_break_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rounds: list[int] = []

    async def breaks() -> None:
        rounds.append(1)
        raise ZeroDivisionError

    found = Manager()
    monkeypatch.setattr(manager, "REST", 0.0)
    monkeypatch.setattr(manager, "TICK", 0.0)
    monkeypatch.setattr(found, "_reconcile", breaks)

    with pytest.raises(ZeroDivisionError):
        await found.run()

    assert len(rounds) == MOST


def test_a_coroutine_that_breaks_reaches_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def breaks(_: int) -> None:
        raise ZeroDivisionError

    event_loop.run(faults.watch(faults.Work("a test of channel", int(CHANNEL)), breaks))

    assert sum(bool(record.exc_info) for record in caplog.records) == 1
