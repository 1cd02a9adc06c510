"""Lockouts after drawings that Midjourney's moderation has refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Lockout, ProtectionSettings, User
from accounts.people.keys import GUEST_NAME
from tasks.enums import TaskStatus
from tasks.exceptions import LockedOut
from tasks.models import Task
from tasks.services import fail
from tests.conftest import ApiClient
from tests.factories import make_account, make_task, make_user

BANNED = "提示词或图片被禁止 / banned: Banned prompt detected: The word is banned."
DENIED = "图片未通过审核 / held back: Image denied"
HERE, THERE = "192.0.2.7", "192.0.2.8"
Commit = Callable[..., Any]


@pytest.fixture(autouse=True)
def rules(db: None) -> ProtectionSettings:
    row = ProtectionSettings.get_solo()
    row.refusals_on, row.refusals = True, {"2": 60, "4": 600}
    row.save()
    return row


@pytest.fixture
def refuse(django_capture_on_commit_callbacks: Commit) -> Callable[..., Task]:
    def refuse(owner: User, reason: str = BANNED, address: str = HERE) -> Task:
        task = make_task(owner, status=TaskStatus.SUBMITTED, client_ip=address)
        with django_capture_on_commit_callbacks(execute=True):
            assert fail(task.pk, reason)
        return task

    return refuse


def submit(client: ApiClient, address: str = THERE) -> Any:
    return client.send("/mj/submit/imagine", {"prompt": "fox"}, REMOTE_ADDR=address)


def test_so_many_refusals_lock_a_user_and_an_address_out(
    refuse: Callable[..., Task], alice: User, bob: User, api: ApiClient
) -> None:
    make_account()
    refuse(alice)
    assert not Lockout.objects.exists()

    refuse(alice, DENIED)

    answer = submit(api)
    assert answer.json()["code"] == 4
    assert answer.json()["description"].startswith(
        "账号已被临时封锁，请勿使用违规词作图"
    )
    assert 0 < int(answer["Retry-After"]) <= 3600
    assert set(Lockout.objects.values_list("user", "address")) == {
        (alice.pk, None),
        (None, HERE),
    }


@pytest.mark.parametrize(
    ("until", "said"),
    [
        (datetime(2026, 3, 31, 3, 25, tzinfo=UTC), "03:25"),
        (datetime(2026, 3, 31, 3, 25, 0, 1, tzinfo=UTC), "03:26"),
        (datetime(2026, 3, 31, 3, 25, 59, tzinfo=UTC), "03:26"),
    ],
)
def test_the_time_that_is_said_is_not_refused(until: datetime, said: str) -> None:
    refusal = LockedOut(until)

    assert f"2026-03-31 {said} UTC 后可继续" in refusal.zh
    assert f"2026-03-31 {said} UTC" in refusal.en
    assert refusal.properties["retryAt"] == int(until.timestamp() * 1000)


def test_others_at_the_address_are_locked_out_too(
    refuse: Callable[..., Task], alice: User, bob_api: ApiClient
) -> None:
    make_account()
    refuse(alice)
    refuse(alice)

    assert submit(bob_api, HERE).json()["code"] == 4
    assert submit(bob_api, THERE).json()["code"] == 1


def test_a_lockout_ends_and_more_refusals_last_longer(
    refuse: Callable[..., Task], alice: User, api: ApiClient
) -> None:
    make_account()
    noon = timezone.localtime().replace(hour=12)
    with time_machine.travel(noon, tick=False) as clock:
        for _ in range(3):
            refuse(alice)
        clock.shift(timedelta(minutes=61))
        assert submit(api).json()["code"] == 1

        refuse(alice)

        until = Lockout.objects.get(user=alice).until
        assert until == timezone.now() + timedelta(minutes=600)


def test_waiting_tasks_fail_with_the_reason(
    refuse: Callable[..., Task], alice: User, bob: User
) -> None:
    own, elsewhere = make_task(alice), make_task(bob, client_ip=THERE)
    beside, running = (
        make_task(bob, client_ip=HERE),
        make_task(alice, status=TaskStatus.IN_PROGRESS),
    )

    refuse(alice)
    refuse(alice)

    for task in (own, beside, elsewhere, running):
        task.refresh_from_db()
    assert own.status == beside.status == TaskStatus.FAILURE
    assert own.fail_reason.startswith("账号已被临时封锁")
    assert elsewhere.status == TaskStatus.NOT_START
    assert running.status == TaskStatus.IN_PROGRESS


@pytest.mark.parametrize("field", ["is_trusted", "is_staff"])
def test_trusted_users_and_operators_are_not_locked_out(
    refuse: Callable[..., Task], alice: User, field: str
) -> None:
    User.objects.filter(pk=alice.pk).update(**{field: True})

    for _ in range(5):
        refuse(alice)

    assert not Lockout.objects.exists()


def test_guests_are_locked_out_by_address_alone(refuse: Callable[..., Task]) -> None:
    guest = make_user(GUEST_NAME)

    refuse(guest)
    refuse(guest)

    assert [each.address for each in Lockout.objects.all()] == [HERE]


def test_addresses_of_a_household_are_one(
    refuse: Callable[..., Task], alice: User, bob: User
) -> None:
    refuse(alice, address="2001:db8::1")
    refuse(bob, address="2001:db8::2")

    assert [each.address for each in Lockout.objects.all()] == ["2001:db8::/64"]


def test_refusals_of_yesterday_do_not_count(
    refuse: Callable[..., Task], alice: User
) -> None:
    noon = timezone.localtime().replace(hour=12)
    with time_machine.travel(noon, tick=False) as clock:
        refuse(alice)
        clock.shift(timedelta(days=1))

        refuse(alice)

    assert not Lockout.objects.exists()


def test_other_failures_do_not_count(refuse: Callable[..., Task], alice: User) -> None:
    for _ in range(3):
        refuse(alice, "Invalid parameter")

    assert not Lockout.objects.exists()


def test_lockouts_that_are_switched_off_hold_nobody(
    refuse: Callable[..., Task],
    alice: User,
    api: ApiClient,
    rules: ProtectionSettings,
) -> None:
    make_account()
    refuse(alice)
    refuse(alice)

    rules.refusals_on = False
    rules.save()

    assert submit(api).json()["code"] == 1
