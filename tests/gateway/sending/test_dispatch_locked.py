"""Who is locked out when their turn comes is not sent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import DiscordAccount, Lockout, ProtectionSettings, User
from accounts.people.keys import GUEST_NAME
from gateway.sending import dispatch
from tasks.enums import TaskStatus
from tests.factories import make_user
from tests.gateway.fakes import FakeHttp
from tests.gateway.rows import again, make_waiting

pytestmark = pytest.mark.django_db(transaction=True)

HERE = "192.0.2.7"


@pytest.fixture(autouse=True)
def rules(db: None) -> ProtectionSettings:
    return ProtectionSettings.objects.create(refusals_on=True, refusals={"2": 60})


def lock(minutes: int = 60, **who: object) -> None:
    until = timezone.now() + timedelta(minutes=minutes)
    Lockout.objects.create(refusals=2, until=until, **who)


def test_a_task_of_a_locked_user_fails_and_others_go(
    alice: User, bob: User, live: DiscordAccount, http: FakeHttp
) -> None:
    lock(user=alice)
    locked, free = make_waiting(alice, live, "a fox"), make_waiting(bob, live, "a cat")

    dispatch.run_lane(live.pk)

    assert again(locked).status == TaskStatus.FAILURE
    assert "账号已被临时封锁" in again(locked).fail_reason
    assert http.nonces == [again(free).nonce]


def test_a_task_of_a_locked_address_fails(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    lock(address=HERE)
    task = make_waiting(alice, live, client_ip=HERE)

    dispatch.run_lane(live.pk)

    assert again(task).status == TaskStatus.FAILURE
    assert http.nonces == []


@pytest.mark.parametrize("fields", [{"is_trusted": True}, {"is_staff": True}])
def test_trusted_users_and_operators_are_sent(
    live: DiscordAccount, http: FakeHttp, fields: dict[str, bool]
) -> None:
    carol = make_user("carol", **fields)
    lock(user=carol)
    lock(address=HERE)
    task = make_waiting(carol, live, client_ip=HERE)

    dispatch.run_lane(live.pk)

    assert http.nonces == [again(task).nonce]


def test_guests_at_other_addresses_are_sent(
    live: DiscordAccount, http: FakeHttp
) -> None:
    guest = make_user(GUEST_NAME)
    lock(user=guest)
    lock(address=HERE)
    task = make_waiting(guest, live, client_ip="192.0.2.8")

    dispatch.run_lane(live.pk)

    assert http.nonces == [again(task).nonce]


def test_a_lockout_that_is_over_or_switched_off_holds_nothing(
    alice: User, bob: User, live: DiscordAccount, http: FakeHttp
) -> None:
    lock(minutes=-1, user=alice)
    make_waiting(alice, live, "a fox")
    dispatch.run_lane(live.pk)

    lock(user=bob)
    row = ProtectionSettings.objects.get()
    row.refusals_on = False
    row.save()
    make_waiting(bob, live, "a cat")
    dispatch.run_lane(live.pk)

    assert len(http.nonces) == 2
