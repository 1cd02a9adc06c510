from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import DiscordAccount
from gateway.lanes import lane
from gateway.lanes.lane import Hold
from gateway.models import DispatchLane, GatewaySession
from tests.factories import make_account
from tests.gateway.rows import make_session


@pytest.fixture
def account(account: DiscordAccount) -> DiscordAccount:
    make_session(account)
    return account


def enter(account: DiscordAccount) -> Hold:
    hold = lane.enter(account.pk)
    assert hold is not None
    return hold


def expire() -> None:
    DispatchLane.objects.update(held_until=timezone.now())


def is_ours(hold: Hold) -> bool:
    held = lane.is_held_by(*hold.named, timezone.now())
    return DiscordAccount.objects.filter(held).exists()


def test_one_sender_holds_a_lane(account: DiscordAccount) -> None:
    hold = enter(account)

    assert lane.enter(account.pk) is None
    assert is_ours(hold)


def test_lanes_of_two_accounts_are_two(account: DiscordAccount) -> None:
    other = make_account()
    make_session(other, user_id="1311111111111111399")
    enter(account)

    enter(other)


def test_two_channels_of_one_discord_user_share_a_lane(account: DiscordAccount) -> None:
    other = make_account()
    make_session(other)
    enter(account)

    assert lane.enter(other.pk) is None


def test_a_lane_that_was_left_is_free_with_a_new_fence(account: DiscordAccount) -> None:
    first = enter(account)
    assert lane.leave(lane.look(first)) is True

    second = enter(account)

    assert second.fence > first.fence
    assert not is_ours(first)


def test_no_nudge_is_lost(account: DiscordAccount) -> None:
    hold = enter(account)

    lane.enter(account.pk)  # a nudge while another looks for work

    assert lane.leave(hold) is False
    assert lane.leave(lane.look(hold)) is True
    enter(account)


def test_a_holder_that_leaves_at_the_wrong_moment_loses_no_nudge(
    account: DiscordAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = enter(account)
    real = lane._take
    missed: list[Hold | None] = []

    def take(account_id: int) -> Hold | None:
        won = real(account_id)
        if not missed:
            missed.append(won)
            assert lane.leave(hold)  # before the nudge is counted
        return won

    monkeypatch.setattr(lane, "_take", take)

    assert lane.enter(account.pk) is not None


def test_a_dead_sender_is_replaced(account: DiscordAccount) -> None:
    dead = enter(account)
    expire()

    heir = enter(account)

    assert is_ours(heir)
    assert not is_ours(dead)


def test_a_stale_sender_leaves_without_freeing_the_lane(
    account: DiscordAccount,
) -> None:
    stale = enter(account)
    expire()
    heir = enter(account)

    assert lane.leave(stale) is True

    assert is_ours(heir)
    assert lane.enter(account.pk) is None


def test_a_hold_that_ran_out_is_not_ours(account: DiscordAccount) -> None:
    hold = enter(account)
    expire()

    assert not is_ours(hold)


def test_a_lane_rests_until_the_moment(account: DiscordAccount) -> None:
    hold = enter(account)
    assert lane.look(hold).rest == 0

    lane.rest(account.pk, timezone.now() + timedelta(seconds=30))

    assert 20 < lane.look(hold).rest <= 30


def test_a_longer_rest_stays(account: DiscordAccount) -> None:
    hold = enter(account)
    lane.rest(account.pk, timezone.now() + timedelta(hours=1))

    lane.rest(account.pk, timezone.now() + timedelta(seconds=1))

    assert lane.look(hold).rest > 60


def test_a_moment_that_has_passed_is_no_rest(account: DiscordAccount) -> None:
    hold = enter(account)

    lane.rest(account.pk, timezone.now() - timedelta(seconds=1))

    assert lane.look(hold).rest == 0


def test_a_look_is_booked_once(account: DiscordAccount) -> None:
    enter(account)

    assert lane.book(account.pk, 100) is True
    assert lane.book(account.pk, 200) is False


def test_an_earlier_look_is_booked_in_its_place(account: DiscordAccount) -> None:
    enter(account)
    lane.book(account.pk, 100)

    assert lane.book(account.pk, 50) is True


def test_a_booking_that_was_lost_runs_out(account: DiscordAccount) -> None:
    enter(account)
    past = timezone.now() - timedelta(seconds=1)
    DispatchLane.objects.update(wake_at=past)

    assert lane.book(account.pk, 100) is True


@pytest.mark.django_db
def test_an_account_whose_user_is_not_known_has_no_lane() -> None:
    account = make_account()
    assert lane.enter(account.pk) is None
    make_session(account, user_id="")

    assert lane.enter(account.pk) is None
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
    lane.leave(enter(account))
    return account


def seconds_until(moment: datetime | None) -> float | None:
    return (moment - timezone.now()).total_seconds() if moment else None


def test_the_first_errand_leaves_at_once(paced: DiscordAccount) -> None:
    assert seconds_until(lane.reserve(paced)) == 0
    assert enter(paced).rest == 5


def test_an_errand_has_the_moment_after_a_task(paced: DiscordAccount) -> None:
    lane.keep_pace(paced)

    assert seconds_until(lane.reserve(paced)) == 5
    assert enter(paced).rest == 10


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


def test_nobody_reserves_while_a_task_is_being_sent(paced: DiscordAccount) -> None:
    hold = enter(paced)
    assert lane.reserve(paced) is None

    lane.leave(hold)

    assert lane.reserve(paced) is not None


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
