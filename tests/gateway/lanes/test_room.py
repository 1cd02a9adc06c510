"""How many tasks of a user run at once, at all accounts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from accounts.models import DiscordAccount, User, UserGroup
from gateway import receivers
from gateway.lanes import room
from gateway.sending import dispatch
from tasks.enums import RUNNING, TaskStatus
from tasks.models import Task
from tasks.services import advance
from tasks.waiting.reason import waiting_of
from tests.gateway.fakes import FakeHttp
from tests.gateway.lanes.test_next_task import make_many, make_sibling, senders
from tests.gateway.rows import again, make_running, make_waiting

pytestmark = pytest.mark.django_db(transaction=True)

ANOTHER = "1311111111111111398"
THREADS = 8


def limit(user: User, most: int) -> None:
    user.running_at_once = most
    user.save()


@pytest.fixture
def elsewhere(live: DiscordAccount) -> DiscordAccount:
    """An account of another Discord user."""
    return make_sibling(ANOTHER)


def test_who_draws_enough_is_passed_over(
    alice: User, bob: User, live: DiscordAccount, http: FakeHttp
) -> None:
    limit(alice, 1)
    mine = make_many(alice, live, 3)
    make_many(bob, live, 2)

    dispatch.run_lane(live.pk)

    assert sorted(senders(http)) == ["alice", "bob", "bob"]
    assert [again(task).status for task in mine[1:]] == [TaskStatus.NOT_START] * 2


@pytest.mark.parametrize("count", [1, 2])
def test_what_runs_at_other_accounts_counts(
    alice: User,
    live: DiscordAccount,
    elsewhere: DiscordAccount,
    http: FakeHttp,
    count: int,
) -> None:
    group = UserGroup.objects.create(name="customers", running_at_once=1)
    User.objects.filter(pk=alice.pk).update(group=group)
    running = make_running(alice, elsewhere, "a hen")
    make_many(alice, live, count)

    dispatch.run_lane(live.pk)
    assert http.bodies == []

    Task.objects.filter(pk=running.pk).update(status=TaskStatus.SUCCESS)
    dispatch.run_lane(live.pk)
    assert len(http.bodies) == 1


def test_a_user_with_two_channels_at_one_discord_user_is_held_to_it_too(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    limit(alice, 1)
    make_waiting(alice, make_sibling(), "a fox")
    make_running(alice, live, "a hen")

    dispatch.run_lane(live.pk)

    assert http.bodies == []


def test_the_owner_is_told_why_it_waits(
    alice: User, bob: User, live: DiscordAccount, elsewhere: DiscordAccount
) -> None:
    limit(alice, 1)
    make_running(alice, elsewhere, "a hen")
    held, free = make_waiting(alice, live, "a fox"), make_waiting(bob, live, "a cat")

    found = waiting_of([held, free])

    assert "并发数已达上限 / you draw as many at once as you may (1)" in str(
        found[held.pk].reason
    )
    assert "并发数" not in str(found[free.pk].reason)


def test_the_end_of_a_task_lets_those_at_other_accounts_leave(
    alice: User,
    live: DiscordAccount,
    elsewhere: DiscordAccount,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nudged: list[int] = []
    monkeypatch.setattr(receivers, "enqueue_dispatch", nudged.append)
    running = make_running(alice, elsewhere, "a hen")
    make_many(alice, live, 2)

    assert room.accounts_with_room_after(running) == []
    limit(alice, 1)
    advance(running.pk, TaskStatus.SUCCESS)

    assert nudged == [live.pk]


def test_lanes_at_the_same_time_do_not_pass_the_number(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    limit(alice, 2)
    accounts = [live, *(make_sibling(f"{ANOTHER}{n}") for n in range(THREADS - 1))]
    for account in accounts:
        make_many(alice, account, 2)
    together = Barrier(THREADS)
    most: list[int] = []

    def work(account: DiscordAccount) -> None:
        together.wait(30)
        try:
            for _ in range(4):
                dispatch.run_lane(account.pk)
                running = Task.objects.filter(status__in=RUNNING)
                most.append(running.count())
                if pk := running.values_list("pk", flat=True).first():
                    running.filter(pk=pk).update(status=TaskStatus.SUCCESS)
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(work, account) for account in accounts]:
            done.result()

    assert max(most) == 2
    assert len(http.bodies) == len(set(http.nonces)) > 2


def test_a_claim_that_would_pass_the_number_is_undone(
    alice: User,
    bob: User,
    live: DiscordAccount,
    elsewhere: DiscordAccount,
    http: FakeHttp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The look of another lane comes between the look and the claim of this one."""
    limit(alice, 1)
    held = make_waiting(alice, live, "a fox")
    make_waiting(bob, live, "a cat")
    real = dispatch._body

    def late(*args: Any) -> Any:
        if not Task.objects.filter(account=elsewhere).exists():
            make_running(alice, elsewhere, "a hen")
        return real(*args)

    monkeypatch.setattr(dispatch, "_body", late)

    dispatch.run_lane(live.pk)

    assert again(held).status == TaskStatus.NOT_START
    assert [again(task).status for task in Task.objects.filter(owner=bob)] == [
        TaskStatus.SUBMITTED
    ]
