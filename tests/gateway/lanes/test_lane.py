from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import DiscordAccount
from gateway.lanes import lane, next_task
from gateway.lanes.lane import Lane
from gateway.lanes.turns import Turns
from gateway.models import DispatchLane, GatewaySession
from tests.factories import make_account
from tests.gateway.rows import make_session


@pytest.fixture
def account(account: DiscordAccount) -> DiscordAccount:
    make_session(account)
    return account


def look(account: DiscordAccount) -> Lane:
    sessions = next_task.sessions_of(account.pk)
    assert sessions is not None
    return sessions.lane


def send(account: DiscordAccount, seen: Lane) -> Lane:
    """Take the lane's next turn, as a sender does that has read it."""
    return lane.take_turn(seen, account, seen.turns)


def test_of_two_senders_that_have_looked_one_sends(account: DiscordAccount) -> None:
    first, second = look(account), look(account)

    send(account, first)

    with pytest.raises(lane.Changed):
        send(account, second)
    send(account, look(account))


def test_a_sender_goes_on_with_the_lane_that_it_has_written(
    account: DiscordAccount,
) -> None:
    account.interval = 50
    turns = Turns(3, {"7": 2})

    after = lane.take_turn(look(account), account, turns)

    assert after == look(account)
    assert after.turns == turns
    assert 40 < after.rest <= 50


def test_lanes_of_two_accounts_are_two(account: DiscordAccount) -> None:
    other = make_account()
    make_session(other, user_id="1311111111111111399")
    seen = look(other)

    send(account, look(account))

    send(other, seen)


def test_two_channels_of_one_discord_user_share_a_lane(account: DiscordAccount) -> None:
    other = make_account()
    make_session(other)
    seen = look(other)

    send(account, look(account))

    with pytest.raises(lane.Changed):
        send(other, seen)


@pytest.mark.parametrize(
    "change",
    [
        lambda account: lane.rest(account.pk, timezone.now() + timedelta(hours=1)),
        lane.keep_pace,
        lane.reserve,
    ],
)
def test_a_sender_notices_what_has_changed_since_its_look(
    account: DiscordAccount, change: Callable[[DiscordAccount], object]
) -> None:
    account.interval = 50
    seen = look(account)

    change(account)

    with pytest.raises(lane.Changed):
        send(account, seen)
    assert look(account).rest > 40


def test_a_lane_that_was_removed_is_made_again(account: DiscordAccount) -> None:
    seen = look(account)
    DispatchLane.objects.all().delete()

    with pytest.raises(lane.Changed):
        send(account, seen)
    send(account, look(account))


def test_a_lane_rests_until_the_moment(account: DiscordAccount) -> None:
    assert look(account).rest == 0

    lane.rest(account.pk, timezone.now() + timedelta(seconds=30))

    assert 20 < look(account).rest <= 30


def test_a_longer_rest_stays(account: DiscordAccount) -> None:
    lane.rest(account.pk, timezone.now() + timedelta(hours=1))

    lane.rest(account.pk, timezone.now() + timedelta(seconds=1))

    assert look(account).rest > 60


def test_a_moment_that_has_passed_is_no_rest(account: DiscordAccount) -> None:
    lane.rest(account.pk, timezone.now() - timedelta(seconds=1))

    assert look(account).rest == 0


def test_a_look_is_booked_once(account: DiscordAccount) -> None:
    look(account)

    assert lane.book(account.pk, 100) is True
    assert lane.book(account.pk, 200) is False


def test_an_earlier_look_is_booked_in_its_place(account: DiscordAccount) -> None:
    look(account)
    lane.book(account.pk, 100)

    assert lane.book(account.pk, 50) is True


def test_a_booking_that_was_lost_runs_out(account: DiscordAccount) -> None:
    look(account)
    past = timezone.now() - timedelta(seconds=1)
    DispatchLane.objects.update(wake_at=past)

    assert lane.book(account.pk, 100) is True


@pytest.mark.django_db
def test_an_account_whose_user_is_not_known_has_no_lane() -> None:
    account = make_account()
    assert next_task.sessions_of(account.pk) is None
    make_session(account, user_id="")

    assert next_task.sessions_of(account.pk) is None
    assert lane.book(account.pk, 1) is False
    lane.rest(account.pk, timezone.now() + timedelta(hours=1))

    assert not DispatchLane.objects.exists()


def test_lanes_of_users_who_are_gone_are_removed_after_a_day(
    account: DiscordAccount,
) -> None:
    ours = GatewaySession.objects.get(account=account).user_id
    now = timezone.now()
    for user, moment in (("1", now - timedelta(days=2)), ("2", now), (ours, None)):
        DispatchLane.objects.create(discord_user=user, next_send_at=moment)
    DispatchLane.objects.create(discord_user="3", rest_until=now)

    lane.forget_unused()

    left = set(DispatchLane.objects.values_list("pk", flat=True))
    assert left == {"2", "3", ours}


# --- errands in the pace -------------------------------------------------------------


@pytest.fixture
def paced(account: DiscordAccount, clock: Any) -> DiscordAccount:
    account.interval = 5
    account.save()
    look(account)
    return account


def seconds_until(moment: datetime | None) -> float | None:
    return (moment - timezone.now()).total_seconds() if moment else None


def test_the_first_errand_leaves_at_once(paced: DiscordAccount) -> None:
    assert seconds_until(lane.reserve(paced)) == 0
    assert look(paced).rest == 5


def test_an_errand_has_the_moment_after_a_task(paced: DiscordAccount) -> None:
    lane.keep_pace(paced)

    assert seconds_until(lane.reserve(paced)) == 5
    assert look(paced).rest == 10


def test_after_an_errand_the_next_moment_is_a_tasks(
    paced: DiscordAccount, clock: Any
) -> None:
    lane.reserve(paced)
    assert lane.reserve(paced) is None

    clock.shift(5)
    assert lane.reserve(paced) is None  # a task that waits leaves now
    lane.keep_pace(paced)

    assert seconds_until(lane.reserve(paced)) == 5


def test_where_no_task_comes_the_next_errand_follows(
    paced: DiscordAccount, clock: Any
) -> None:
    lane.reserve(paced)

    clock.shift(6)

    assert seconds_until(lane.reserve(paced)) == 0


def test_an_errand_waits_for_a_task_that_is_sent_meanwhile(
    paced: DiscordAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = lane._pause

    def pause(account: DiscordAccount) -> timedelta:
        monkeypatch.setattr(lane, "_pause", real)
        send(paced, look(paced))  # after the errand has read the lane
        return real(account)

    monkeypatch.setattr(lane, "_pause", pause)

    assert lane.reserve(paced) is None
    assert seconds_until(lane.reserve(paced)) == 5


def test_nothing_is_reserved_that_nobody_will_wait_for(paced: DiscordAccount) -> None:
    paced.interval = 60
    lane.keep_pace(paced)

    assert lane.reserve(paced) is None


def test_while_discord_wants_silence_nothing_is_reserved(
    paced: DiscordAccount,
) -> None:
    lane.rest(paced.pk, timezone.now() + timedelta(seconds=3))

    assert lane.reserve(paced) is None


def test_without_a_pace_all_errands_leave_at_once(
    account: DiscordAccount, clock: Any
) -> None:
    assert [seconds_until(lane.reserve(account)) for _ in range(3)] == [0, 0, 0]


def test_an_account_that_nobody_knows_at_discord_reserves_nothing(db: None) -> None:
    assert lane.reserve(make_account()) is None
