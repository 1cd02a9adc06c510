"""Switching the bots to the speed of a task that carries no flag."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import DiscordAccount, User
from accounts.state import bot_snapshots
from gateway.enums import QueryKind, QueryState
from gateway.models import AccountQuery
from gateway.queries import fast_time
from gateway.sending import dispatch
from tasks.enums import TaskAction, TaskStatus, WindowState
from tasks.models import Task
from tests.gateway.fakes import FakeHttp
from tests.gateway.query_rows import MJ, make_live
from tests.gateway.rows import again, make_waiting

PRESSED = {"custom_id": "MJ::x", "parent_message_id": "1311111111111111001"}


@pytest.fixture
def may_switch(account: DiscordAccount) -> DiscordAccount:
    account.enable_switch_speed = True
    account.save()
    bot_snapshots.note(account.pk, MJ, job_mode="Fast", info_at=timezone.now())
    return make_live(account)


def blend(owner: User, account: DiscordAccount, **fields: Any) -> Task:
    values = {"action": TaskAction.BLEND, "mode": "RELAX"}
    return make_waiting(owner, account, **(values | fields))


def orders() -> list[tuple[str, str]]:
    rows = AccountQuery.objects.filter(kind=QueryKind.COMMAND).order_by("pk")
    return list(rows.values_list("target", "state"))


def end(state: QueryState, **fields: Any) -> None:
    now = timezone.now()
    AccountQuery.objects.update(state=state, flight=None, sent_at=now, **fields)


@pytest.mark.parametrize(
    "fields", [{}, {"action": TaskAction.PAN, **PRESSED}, {"mode": "TURBO"}]
)
def test_the_bots_are_switched_before_a_task_of_another_speed(
    alice: User, may_switch: DiscordAccount, fields: dict[str, Any]
) -> None:
    task = blend(alice, may_switch, **fields)

    assert fast_time.switch_first(may_switch, task)
    assert fast_time.switch_first(may_switch, task)  # not there yet
    assert orders() == [(task.mode.lower(), QueryState.WAITING)]

    end(QueryState.DONE)
    assert not fast_time.switch_first(may_switch, task)


@pytest.mark.parametrize(
    "fields",
    [
        {"mode": "FAST"},
        {"mode": ""},
        {"action": TaskAction.IMAGINE},
        {"action": TaskAction.VIDEO},
        {"action": TaskAction.DESCRIBE},
        {"action": TaskAction.SHOW},
        {"action": TaskAction.UPSCALE, **PRESSED},
        {"action": TaskAction.PAN, "window": WindowState.EXPECTED, **PRESSED},
    ],
)
def test_what_needs_no_switch_goes_at_once(
    alice: User, may_switch: DiscordAccount, fields: dict[str, Any]
) -> None:
    assert not fast_time.switch_first(may_switch, blend(alice, may_switch, **fields))
    assert orders() == []


def test_nothing_is_switched_unless_the_operator_allows_it(
    alice: User, may_switch: DiscordAccount
) -> None:
    may_switch.enable_switch_speed = False

    assert not fast_time.switch_first(may_switch, blend(alice, may_switch))
    assert orders() == []


@pytest.mark.parametrize(
    ("settings", "mode", "wanted"),
    [
        ({"mode": "TURBO"}, "RELAX", "turbo"),
        ({"fast_exhausted": True}, "FAST", "relax"),
        ({"allow_modes": ["FAST"], "mode": "RELAX"}, "TURBO", "relax"),
    ],
)
def test_the_accounts_own_speed_counts_more(
    alice: User,
    may_switch: DiscordAccount,
    settings: dict[str, Any],
    mode: str,
    wanted: str,
) -> None:
    for name, value in settings.items():
        setattr(may_switch, name, value)

    assert fast_time.switch_first(may_switch, blend(alice, may_switch, mode=mode))
    assert orders() == [(wanted, QueryState.WAITING)]


def test_a_speed_that_is_refused_is_not_waited_for_and_asked_again_later(
    alice: User, may_switch: DiscordAccount
) -> None:
    task = blend(alice, may_switch)
    fast_time.switch_first(may_switch, task)

    end(QueryState.FAILED)
    assert not fast_time.switch_first(may_switch, task)
    assert len(orders()) == 1

    end(QueryState.FAILED, created_at=timezone.now() - timedelta(minutes=11))
    assert fast_time.switch_first(may_switch, task)


def test_what_was_read_after_the_switch_counts_more(
    alice: User, may_switch: DiscordAccount
) -> None:
    task = blend(alice, may_switch)
    fast_time.switch_first(may_switch, task)
    end(QueryState.DONE)
    later = timezone.now() + timedelta(seconds=1)

    bot_snapshots.note(may_switch.pk, MJ, job_mode="Relaxed", info_at=later)
    assert not fast_time.switch_first(may_switch, task)

    bot_snapshots.note(may_switch.pk, MJ, job_mode="Turbo", info_at=later)
    assert fast_time.switch_first(may_switch, task)


@pytest.mark.django_db(transaction=True)
def test_others_are_sent_while_a_task_waits_for_its_speed(
    alice: User, may_switch: DiscordAccount, http: FakeHttp
) -> None:
    waits = blend(alice, may_switch, action=TaskAction.PAN, echo_key="1", **PRESSED)
    goes = make_waiting(
        alice, may_switch, action=TaskAction.UPSCALE, echo_key="2", **PRESSED
    )

    dispatch.run_lane(may_switch.pk)

    assert again(goes).status == TaskStatus.SUBMITTED
    assert again(waits).status == TaskStatus.NOT_START
    assert again(waits).waiting_reason == dispatch.SPEED
    end(QueryState.DONE)
    Task.objects.filter(pk=waits.pk).update(not_before=None)
    dispatch.run_lane(may_switch.pk)
    assert again(waits).status == TaskStatus.SUBMITTED
