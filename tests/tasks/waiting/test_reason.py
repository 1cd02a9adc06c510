"""Why a task waits, and for about how long."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from tasks import ports
from tasks.enums import RUNNING, Delivery, TaskAction, TaskStatus
from tasks.models import Task
from tasks.ports import Lane
from tasks.waiting import reason
from tasks.waiting.reason import Waiting
from tasks.wire import task_json, tasks_json
from tests.factories import make_account, make_finished, make_task, make_user

SOON = timedelta(minutes=1)
LONG_AGO = timedelta(minutes=1)


@pytest.fixture
def lane(account: DiscordAccount) -> Lane:
    return Lane(frozenset({account.pk}), account.core_size, is_connected=True)


@pytest.fixture
def lanes(account: DiscordAccount, lane: Lane) -> Iterator[dict[int, Lane]]:
    """What the gateway knows of the accounts' lanes, to be changed by a test."""
    known = {account.pk: lane}

    def read(account_ids: Collection[int]) -> dict[int, Lane]:
        return {pk: known[pk] for pk in account_ids if pk in known}

    before = ports.lanes.register(read)
    yield known
    ports.lanes.register(before)


def told(task: Task) -> Waiting:
    said = task_json(Task.objects.select_related("account").get(pk=task.pk))
    return Waiting(said["properties"]["waitingFor"], said["properties"]["etaSeconds"])


def shown_reason(task: Task) -> str | None:
    return told(task).reason


def run(owner: User, account: DiscordAccount, **fields: Any) -> Task:
    values = {"status": TaskStatus.IN_PROGRESS, "job_id": str(Task.objects.count())}
    return make_task(owner, account=account, **(values | fields))


def draw(owner: User, account: DiscordAccount, seconds: float, **fields: Any) -> Task:
    now = timezone.now()
    started = now - timedelta(seconds=seconds)
    values = {"started_at": started, "finished_at": now}
    return make_finished(owner, account=account, **(values | fields))


# --- the reasons ---------------------------------------------------------------------


def test_what_nothing_holds_back_waits_for_nothing(
    alice: User, account: DiscordAccount, lanes: dict[int, Lane]
) -> None:
    assert shown_reason(make_task(alice, account=account)) is None


@pytest.mark.parametrize("state", sorted(set(AccountState) - {AccountState.READY}))
@pytest.mark.parametrize("prepared", [True, False])
def test_an_account_that_cannot_draw_says_why(
    alice: User, state: AccountState, prepared: bool
) -> None:
    told_why = make_account(state=state, state_reason="原因 / a reason")
    silent = make_account(state=state)
    later = timezone.now() + SOON
    ends = make_account(state=state, resume_at=later)

    tasks = [
        make_task(alice, account=each, prepared=prepared)
        for each in (told_why, silent, ends)
    ]

    assert shown_reason(tasks[0]) == "原因 / a reason"
    assert " / " in str(shown_reason(tasks[1]))
    assert f"{later:%Y-%m-%d %H:%M} UTC" in str(shown_reason(tasks[2]))


def test_a_task_without_an_account_waits_for_one(alice: User) -> None:
    assert shown_reason(make_task(alice)) == reason.NO_ACCOUNT


def test_pictures_are_brought_first_and_why_again_is_told(
    alice: User, account: DiscordAccount, lanes: dict[int, Lane]
) -> None:
    fresh = make_task(alice, account=account, prepared=False)
    again = make_task(
        alice, account=account, prepared=False, waiting_reason="again: 404"
    )

    assert shown_reason(fresh) == reason.BEING_BROUGHT
    assert shown_reason(again) == "again: 404"


def test_what_was_sent_in_vain_tells_why_until_it_may_go(
    alice: User, account: DiscordAccount, lanes: dict[int, Lane]
) -> None:
    held = {"waiting_reason": "Discord 429", "account": account}
    task = make_task(alice, not_before=timezone.now() + SOON, **held)
    assert shown_reason(task) == "Discord 429"

    Task.objects.update(not_before=timezone.now() - SOON)
    assert shown_reason(task) is None


def test_an_account_whose_socket_is_being_restored_says_so(
    alice: User, account: DiscordAccount, lane: Lane, lanes: dict[int, Lane]
) -> None:
    lanes[account.pk] = replace(lane, is_connected=False)

    assert shown_reason(make_task(alice, account=account)) == reason.NOT_CONNECTED


@pytest.mark.parametrize(
    ("why", "said"), [("Queue full", "Queue full"), ("", reason.RESTING)]
)
def test_a_rest_is_told_with_its_reason(
    alice: User,
    account: DiscordAccount,
    lane: Lane,
    lanes: dict[int, Lane],
    why: str,
    said: str,
) -> None:
    rest = replace(lane, rest_until=timezone.now() + SOON, rest_reason=why)
    task = make_task(alice, account=account)

    lanes[account.pk] = rest
    assert shown_reason(task) == said

    lanes[account.pk] = replace(rest, rest_until=timezone.now() - SOON)
    assert shown_reason(task) is None


@pytest.mark.parametrize("status", sorted(RUNNING))
def test_full_slots_are_told_with_those_ahead(
    alice: User, bob: User, account: DiscordAccount, status: TaskStatus
) -> None:
    DiscordAccount.objects.update(core_size=2)
    run(bob, account, status=status)
    first = make_task(alice, account=account)
    assert shown_reason(first) is None

    run(bob, account, status=status)
    second = make_task(alice, account=account)

    assert "as many as it may (2); tasks before it: 0" in str(shown_reason(first))
    assert "tasks before it: 1" in str(shown_reason(second))


def test_what_could_not_be_told_apart_waits_until_it_can(
    alice: User, bob: User, account: DiscordAccount
) -> None:
    same = {"echo_key": "k", "account": account}
    sent = make_task(bob, status=TaskStatus.SUBMITTED, **same)
    task = make_task(alice, **same)
    assert shown_reason(task) == reason.LOOK_ALIKE

    Task.objects.filter(pk=sent.pk).update(job_id="J")
    assert shown_reason(task) is None


def test_its_turn_is_told_by_how_many_go_before(
    alice: User, account: DiscordAccount
) -> None:
    tasks = [make_task(alice, account=account) for _ in range(3)]

    assert shown_reason(tasks[0]) is None
    assert "tasks before it: 2" in str(shown_reason(tasks[2]))


def test_users_take_turns(alice: User, bob: User, account: DiscordAccount) -> None:
    long = [make_task(alice, account=account) for _ in range(5)]
    mine = [make_task(bob, account=account) for _ in range(2)]

    assert "tasks before it: 1" in str(shown_reason(mine[0]))
    assert "tasks before it: 3" in str(shown_reason(mine[1]))
    assert "tasks before it: 6" in str(shown_reason(long[4]))


def test_the_pace_is_told(
    alice: User, account: DiscordAccount, lane: Lane, lanes: dict[int, Lane]
) -> None:
    lanes[account.pk] = replace(lane, next_send_at=timezone.now() + SOON)

    assert shown_reason(make_task(alice, account=account)) == reason.PACE


def test_accounts_of_one_lane_share_slots_and_line(
    alice: User, bob: User, account: DiscordAccount, lanes: dict[int, Lane]
) -> None:
    beside = make_account()
    crew = frozenset({account.pk, beside.pk})
    lanes |= {pk: Lane(crew, 1, is_connected=True) for pk in crew}
    run(bob, beside)
    make_task(alice, account=beside)
    task = make_task(alice, account=account)

    assert "it may (1); tasks before it: 1" in str(shown_reason(task))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"delivery": Delivery.UNKNOWN}, reason.LOOKED_UP),
        ({"delivery": Delivery.SENDING, "claimed_at": timedelta(0)}, None),
        (
            {"delivery": Delivery.SENDING, "claimed_at": LONG_AGO},
            reason.LOOKED_UP,
        ),
        ({"delivery": Delivery.ACCEPTED}, None),
        ({"waiting_reason": "Job queued"}, "Job queued"),
        (
            {"waiting_reason": "Job queued", "cancel_requested_at": timezone.now()},
            reason.CANCELLING,
        ),
        ({"waiting_reason": "old", "status": TaskStatus.IN_PROGRESS}, None),
        ({"waiting_reason": "old", "status": TaskStatus.SUCCESS}, None),
        ({"waiting_reason": "old", "status": TaskStatus.MODAL}, None),
        (
            {"status": TaskStatus.FAILURE, "cancel_requested_at": timezone.now()},
            None,
        ),
    ],
)
def test_what_was_sent_tells_what_it_waits_for(
    alice: User, account: DiscordAccount, fields: dict[str, Any], said: str | None
) -> None:
    values: dict[str, Any] = {"status": TaskStatus.SUBMITTED, "account": account}
    values |= fields
    if "claimed_at" in values:
        values["claimed_at"] = timezone.now() - values["claimed_at"]

    assert told(make_task(alice, **values)) == Waiting(said, None)


# --- how long ------------------------------------------------------------------------


def test_the_time_is_the_median_times_the_place(
    alice: User, account: DiscordAccount
) -> None:
    DiscordAccount.objects.update(core_size=1)
    for seconds in (30, 40, 500):
        draw(alice, account, seconds)
    tasks = [make_task(alice, account=account) for _ in range(3)]

    assert [told(task).eta_seconds for task in tasks] == [40, 80, 120]


def test_as_many_as_draw_at_once_share_a_place(
    alice: User, account: DiscordAccount
) -> None:
    DiscordAccount.objects.update(core_size=2)
    draw(alice, account, 40)
    tasks = [make_task(alice, account=account) for _ in range(5)]

    assert [told(task).eta_seconds for task in tasks] == [40, 40, 80, 80, 120]


def test_kinds_speeds_and_accounts_are_told_apart(
    alice: User, account: DiscordAccount
) -> None:
    draw(alice, account, 40, requested_mode="FAST")
    draw(alice, account, 400, requested_mode="RELAX")
    draw(alice, account, 8, action=TaskAction.UPSCALE)
    draw(alice, make_account(), 99)

    def eta(**fields: Any) -> int | None:
        task = make_task(alice, account=account, **fields)
        found = told(task).eta_seconds
        task.delete()
        return found

    assert eta(requested_mode="FAST") == 40
    assert eta(requested_mode="RELAX") == 400
    assert eta(action=TaskAction.UPSCALE) == 8
    assert eta() is None
    assert eta(requested_mode="RELAX", action=TaskAction.UPSCALE) is None


def test_failures_do_not_count_and_a_new_drawing_does_at_once(
    alice: User, account: DiscordAccount
) -> None:
    task = make_task(alice, account=account)
    draw(alice, account, 40, status=TaskStatus.FAILURE)
    assert told(task).eta_seconds is None

    draw(alice, account, 40)
    assert told(task).eta_seconds == 40

    draw(alice, account, 60)
    assert told(task).eta_seconds == 50


def test_only_the_last_drawings_count(alice: User, account: DiscordAccount) -> None:
    for _ in range(21):
        draw(alice, account, 400)
    for _ in range(20):
        draw(alice, account, 10)

    assert told(make_task(alice, account=account)).eta_seconds == 10


def test_what_takes_no_time_takes_a_second(
    alice: User, account: DiscordAccount
) -> None:
    draw(alice, account, 0)

    assert told(make_task(alice, account=account)).eta_seconds == 1


# --- lists ---------------------------------------------------------------------------


def test_a_list_says_what_each_look_says(
    alice: User,
    bob: User,
    account: DiscordAccount,
    django_assert_max_num_queries: Any,
) -> None:
    other = make_account(core_size=1)
    draw(alice, account, 40)
    draw(alice, other, 60)
    run(bob, other)
    for each in (account, other, make_account(state=AccountState.PAUSED)):
        for owner in (alice, bob, make_user()):
            make_task(owner, account=each)
    make_task(alice)
    tasks = list(Task.objects.select_related("account"))

    with django_assert_max_num_queries(8):
        listed = tasks_json(tasks)

    assert listed == [task_json(task) for task in tasks]
