from __future__ import annotations

from typing import Any

import pytest

from accounts.choice.rules import gives, gives_now
from accounts.enums import SpeedMode
from accounts.limits.allowed import Allowed, allowed, running_limits
from accounts.models import DiscordAccount, PoolSettings, User, UserGroup
from tests.factories import make_account, make_user

pytestmark = pytest.mark.django_db


def give(user: User, *, group: dict[str, Any] | None = None, **own: Any) -> Allowed:
    if group is not None:
        user.group = UserGroup.objects.create(name="customers", **group)
    for name, value in own.items():
        setattr(user, name, value)
    user.save()
    return allowed(user.pk)


def test_nobody_has_a_limit_that_was_not_given(alice: User, operator: User) -> None:
    assert allowed(alice.pk) == Allowed()
    assert allowed(operator.pk) == Allowed(may_swap_faces=True)


@pytest.mark.parametrize(
    ("own", "of_group", "found"),
    [
        (None, 5, 5),  # empty: the group's
        (3, 5, 3),
        (7, 5, 7),
        (0, 5, None),  # 0: no limit
        (None, 0, None),
        (None, None, None),
        (4, None, 4),
    ],
)
@pytest.mark.parametrize(
    "name",
    [
        "drawings_a_day",
        "drawings_a_month",
        "drawings_in_total",
        "running_at_once",
        "waiting_at_once",
    ],
)
def test_an_own_number_replaces_that_of_the_group(
    alice: User, name: str, own: int | None, of_group: int | None, found: int | None
) -> None:
    limits = give(alice, group={name: of_group}, **{name: own})

    assert getattr(limits, name) == found


def test_lists_and_switches_of_the_group_hold_where_the_user_has_none(
    alice: User,
) -> None:
    group = {"speeds": ["RELAX"], "bots": ["NIJI_JOURNEY"], "may_swap_faces": True}

    limits = give(alice, group=group, bots=["MID_JOURNEY"])

    assert limits.speeds == ("RELAX",)
    assert limits.bots == ("MID_JOURNEY",)
    assert limits.may_swap_faces
    assert not give(alice, may_swap_faces=False).may_swap_faces


def test_the_pools_number_of_waiting_tasks_is_for_users_without_one(
    alice: User, bob: User, operator: User
) -> None:
    PoolSettings.objects.create(waiting_per_user=4)
    give(bob, waiting_at_once=0)

    found = [allowed(user.pk).waiting_at_once for user in (alice, bob, operator)]

    assert found == [4, None, None]


def test_a_change_of_the_group_holds_at_once(alice: User) -> None:
    give(alice, group={"drawings_a_day": 1})

    group = UserGroup.objects.get()
    group.drawings_a_day = 2
    group.save()

    assert allowed(alice.pk).drawings_a_day == 2


def test_numbers_at_once_of_many_are_those_of_each(alice: User, bob: User) -> None:
    give(alice, group={"running_at_once": 2})
    give(bob, running_at_once=3)
    free = make_user(running_at_once=0, group=alice.group)
    everybody = {alice.pk, bob.pk, free.pk}

    assert running_limits(everybody) == {alice.pk: 2, bob.pk: 3}
    assert [running_limits({pk}) for pk in sorted(everybody)] == [
        {alice.pk: 2},
        {bob.pk: 3},
        {},
    ]


@pytest.mark.parametrize("mode", ["", *SpeedMode.values])
@pytest.mark.parametrize("modes", [[], ["RELAX"], ["FAST", "TURBO"]])
@pytest.mark.parametrize("exhausted", [False, True])
def test_an_account_gives_the_same_speeds_in_python_and_in_sql(
    mode: str, modes: list[str], exhausted: bool
) -> None:
    account = make_account(mode=mode, allow_modes=modes, fast_exhausted=exhausted)

    for speed in SpeedMode.values:
        in_sql = DiscordAccount.objects.filter(gives(speed)).exists()
        assert gives_now(account, speed) == in_sql
