"""Several users, and several channels, wait for the slots of one Discord user."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.editing.save import save_account
from accounts.enums import AccountState, PriorityClass
from accounts.models import DiscordAccount, User, UserGroup
from gateway.lanes import lane, next_task
from gateway.models import DispatchLane, GatewaySession
from gateway.protocol.answers import Answer, Verdict
from gateway.sending import dispatch
from tasks.enums import RUNNING, TaskStatus
from tasks.models import Task
from tests.factories import make_account
from tests.gateway.fakes import ACCEPTED, FakeHttp
from tests.gateway.rows import (
    again,
    make_index,
    make_running,
    make_session,
    make_waiting,
)
from tests.gateway.wire import JOB

pytestmark = pytest.mark.django_db(transaction=True)

ANOTHER = "1311111111111111399"


def make_sibling(user: str = "", **fields: Any) -> DiscordAccount:
    """Return another channel of the same Discord user."""
    values = {"interval": 0, "after_interval_min": 0, "after_interval_max": 0}
    sibling = make_account(**(values | fields))
    make_session(sibling, **({"user_id": user} if user else {}))
    make_index(sibling)
    return sibling


def make_many(owner: User, account: DiscordAccount, count: int) -> list[Task]:
    return [make_waiting(owner, account, f"{owner.pk} {n}") for n in range(count)]


def senders(http: FakeHttp) -> list[str]:
    """Return whose tasks were sent, in their order."""
    owners = dict(Task.objects.exclude(nonce=None).values_list("nonce", "owner"))
    names = dict(User.objects.values_list("pk", "username"))
    return [names[owners[nonce]] for nonce in http.nonces if nonce in owners]


def end_one() -> None:
    """End the task that runs longest; its nonce stays known."""
    oldest = Task.objects.filter(status__in=RUNNING).order_by("claimed_at").first()
    assert oldest is not None
    Task.objects.filter(pk=oldest.pk).update(status=TaskStatus.SUCCESS)


# --- users ---------------------------------------------------------------------------


def test_a_full_queue_of_one_user_does_not_hold_up_another(
    alice: User, bob: User, live: DiscordAccount, http: FakeHttp
) -> None:
    make_many(alice, live, 20)
    dispatch.run_lane(live.pk)
    make_waiting(bob, live, "only one")

    end_one()
    dispatch.run_lane(live.pk)

    assert senders(http) == ["alice", "alice", "alice", "bob"]


def test_users_take_turns_from_one_look_to_the_next(
    alice: User, bob: User, live: DiscordAccount, http: FakeHttp
) -> None:
    DiscordAccount.objects.update(core_size=1)
    make_many(alice, live, 4)
    make_many(bob, live, 4)

    dispatch.run_lane(live.pk)
    for _ in range(5):
        end_one()
        dispatch.run_lane(live.pk)

    names = senders(http)
    assert names.count("alice") == names.count("bob") == 3


@pytest.mark.parametrize(
    ("priority", "place"), [(PriorityClass.HIGH, 0), (PriorityClass.LOW, 7)]
)
def test_the_class_says_who_goes_first(
    alice: User,
    bob: User,
    live: DiscordAccount,
    http: FakeHttp,
    priority: int,
    place: int,
) -> None:
    DiscordAccount.objects.update(core_size=8)
    User.objects.filter(pk=bob.pk).update(priority=priority)
    make_many(alice, live, 7)
    make_waiting(bob, live, "of another class")

    dispatch.run_lane(live.pk)

    assert senders(http).index("bob") == place


@pytest.mark.parametrize(
    ("own", "of_group", "place"),
    [
        (None, PriorityClass.HIGH, 0),
        (None, PriorityClass.LOW, 7),
        (PriorityClass.LOW, PriorityClass.HIGH, 7),
        (PriorityClass.HIGH, PriorityClass.LOW, 0),
    ],
)
def test_a_user_without_a_class_has_that_of_the_group(
    alice: User,
    bob: User,
    live: DiscordAccount,
    http: FakeHttp,
    own: int | None,
    of_group: int,
    place: int,
) -> None:
    DiscordAccount.objects.update(core_size=8)
    group = UserGroup.objects.create(name="night", priority=of_group)
    User.objects.filter(pk=bob.pk).update(priority=own, group=group)
    make_many(alice, live, 7)
    make_waiting(bob, live, "of another class")

    dispatch.run_lane(live.pk)

    assert senders(http).index("bob") == place


def test_what_is_held_back_stops_neither_its_owner_nor_others(
    alice: User, bob: User, live: DiscordAccount, http: FakeHttp
) -> None:
    DiscordAccount.objects.update(core_size=12)
    later = timezone.now() + timedelta(hours=1)
    make_running(alice, live, "the same words")
    held = [
        make_waiting(alice, live, "the same words"),
        make_waiting(alice, live, "later", not_before=later),
        make_waiting(bob, live, "the same words"),
    ]
    free = [make_waiting(alice, live, "a fox"), make_waiting(bob, live, "a hen")]

    dispatch.run_lane(live.pk)

    assert {again(t).status for t in held} == {TaskStatus.NOT_START}
    assert {again(t).status for t in free} == {TaskStatus.SUBMITTED}

    Task.objects.filter(echo_key=held[0].echo_key, status__in=RUNNING).update(
        job_id=JOB
    )
    dispatch.run_lane(live.pk)

    assert {again(held[0]).status, again(held[2]).status} == {
        TaskStatus.SUBMITTED,
        TaskStatus.NOT_START,
    }


def test_a_task_that_is_being_prepared_takes_no_turn(
    alice: User, bob: User, live: DiscordAccount, http: FakeHttp
) -> None:
    make_waiting(alice, live, "not yet", prepared=False)
    make_many(bob, live, 2)

    dispatch.run_lane(live.pk)

    assert senders(http) == ["bob", "bob"]


def test_the_order_of_a_long_queue_takes_few_queries(
    alice: User,
    bob: User,
    live: DiscordAccount,
    http: FakeHttp,
    django_assert_max_num_queries: Any,
) -> None:
    DiscordAccount.objects.update(core_size=1)
    make_many(alice, live, 30)
    make_many(bob, live, 30)
    assert lane.make(live.pk)

    with django_assert_max_num_queries(4):
        sessions = next_task.sessions_of(live.pk)
        assert sessions is not None
        assert next_task.next_task(sessions, sessions.lane.turns) is not None


# --- channels of one Discord user ----------------------------------------------------


def test_channels_of_one_discord_user_share_its_slots(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    sibling, stranger = make_sibling(), make_sibling(ANOTHER)
    make_many(alice, live, 2)
    tasks = [make_waiting(alice, sibling, f"there {n}") for n in range(3)]
    make_running(alice, stranger, "elsewhere")

    dispatch.run_lane(sibling.pk)

    assert len(http.bodies) == 3
    assert again(tasks[0]).status == TaskStatus.SUBMITTED
    assert again(tasks[1]).status == TaskStatus.NOT_START


def test_the_channel_that_waits_is_served_when_the_other_has_finished(
    alice: User, bob: User, live: DiscordAccount, http: FakeHttp
) -> None:
    DiscordAccount.objects.update(core_size=1)
    sibling = make_sibling(core_size=1)
    make_many(alice, live, 9)
    dispatch.run_lane(live.pk)
    waiting = make_waiting(bob, sibling, "the other channel")

    for _ in range(2):
        end_one()
        dispatch.run_lane(live.pk)

    assert again(waiting).status == TaskStatus.SUBMITTED
    assert http.bodies[-1]["channel_id"] == sibling.channel_id


def test_where_the_rows_differ_the_least_number_holds(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    DiscordAccount.objects.update(core_size=12)
    sibling = make_sibling(core_size=2)
    make_many(alice, live, 4)

    dispatch.run_lane(live.pk)
    assert len(http.bodies) == 2

    # One that is off says nothing, but what runs there counts.
    DiscordAccount.objects.filter(pk=sibling.pk).update(enabled=False)
    for n in range(9):
        make_running(alice, sibling, f"there {n}")
    dispatch.run_lane(live.pk)
    assert len(http.bodies) == 3


def test_nothing_is_sent_between_an_edit_and_the_new_connection(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    make_waiting(alice, live)
    live.proxy_url = "http://127.0.0.1:3128"
    save_account(live, fields={"proxy_url"})

    dispatch.run_lane(live.pk)
    assert http.bodies == []

    sessions = GatewaySession.objects.filter(account=live)
    sessions.update(revision=live.revision)
    dispatch.run_lane(live.pk)
    assert len(http.bodies) == 1


@pytest.mark.parametrize("fields", [{"enabled": False}, {"state": AccountState.PAUSED}])
def test_a_channel_that_is_off_stops_no_other(
    alice: User, live: DiscordAccount, http: FakeHttp, fields: dict[str, Any]
) -> None:
    sibling = make_sibling(**fields)
    stays = make_waiting(alice, sibling, "the oldest")
    goes = make_waiting(alice, live, "a fox")

    dispatch.run_lane(sibling.pk)

    assert again(stays).status == TaskStatus.NOT_START
    assert again(goes).status == TaskStatus.SUBMITTED


def test_the_pace_is_shared(alice: User, live: DiscordAccount, http: FakeHttp) -> None:
    DiscordAccount.objects.update(interval=50)
    sibling = make_sibling(interval=50)
    make_waiting(alice, live, "a fox")
    make_waiting(alice, sibling, "a hen")

    waits = [dispatch.run_lane(live.pk), dispatch.run_lane(sibling.pk)]

    assert len(http.bodies) == 1
    assert all(wait is not None and 40 < wait <= 50 for wait in waits)
    assert lane.book(live.pk, 50) is True
    assert lane.book(sibling.pk, 50) is False, "one look for both"


def test_after_a_rate_limit_all_channels_rest(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    sibling = make_sibling()
    http.answers = [Answer(Verdict.LATER, "Discord 429", 100.0), ACCEPTED]
    make_waiting(alice, live, "a fox")
    dispatch.run_lane(live.pk)

    make_waiting(alice, sibling, "a hen")
    wait = dispatch.run_lane(sibling.pk)

    assert wait is not None
    assert wait > 90
    assert len(http.bodies) == 1
    assert lane.is_resting(sibling.pk)


def test_workers_of_two_channels_never_send_more_than_there_are_slots(
    alice: User, bob: User, live: DiscordAccount, http: FakeHttp
) -> None:
    channels = [live, make_sibling(), make_sibling()]
    owners = [alice, bob]
    tasks = [
        make_waiting(owners[n % 2], channels[n % 3], f"number {n}") for n in range(30)
    ]
    barrier = Barrier(6)
    most: list[int] = []

    def work(number: int) -> None:
        barrier.wait()
        try:
            for _ in range(8):
                dispatch.run_lane(channels[number % 3].pk)
                running = Task.objects.filter(status__in=RUNNING)
                most.append(running.count())
                # One of them ends, whoever draws it.
                if pk := running.values_list("pk", flat=True).first():
                    running.filter(pk=pk).update(status=TaskStatus.SUCCESS)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(work, n) for n in range(6)]:
            done.result()

    assert max(most) == 3
    assert len(http.bodies) == len(set(http.nonces))
    assert {again(task).attempts for task in tasks} <= {0, 1}
    assert Task.objects.filter(status=TaskStatus.SUCCESS).count() > 3


def test_a_row_that_is_given_another_discord_user_leaves_the_lane(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    sibling = make_sibling()
    DispatchLane.objects.create(
        discord_user=GatewaySession.objects.get(account=live).user_id,
        rest_until=timezone.now() + timedelta(hours=1),
    )
    GatewaySession.objects.filter(account=sibling).update(user_id=ANOTHER)
    make_waiting(alice, sibling, "a fox")

    dispatch.run_lane(sibling.pk)

    assert len(http.bodies) == 1


@pytest.mark.parametrize("seed", range(3))
def test_no_channel_is_left_behind(
    alice: User, bob: User, live: DiscordAccount, http: FakeHttp, seed: int
) -> None:
    """Users and channels at random: every task is sent, each user's in order."""
    dice = random.Random(seed)
    channels = [live, make_sibling(), make_sibling()]
    tasks = [
        make_waiting(dice.choice([alice, bob]), dice.choice(channels), f"number {n}")
        for n in range(20)
    ]

    dispatch.run_lane(live.pk)
    for _ in range(17):
        end_one()
        dispatch.run_lane(dice.choice(channels).pk)

    sent = {nonce: place for place, nonce in enumerate(http.nonces)}
    places = [(t.owner_id, sent[str(again(t).nonce)]) for t in tasks]
    for owner in (alice.pk, bob.pk):
        own = [place for who, place in places if who == owner]
        assert own == sorted(own)
