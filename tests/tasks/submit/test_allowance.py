from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.limits import meter
from accounts.limits.meter import Drawn
from accounts.models import ApiKey, DiscordAccount, User
from tasks.enums import TaskAction, TaskStatus
from tasks.exceptions import (
    BotNotAllowed,
    DrawingsUsedUp,
    ShareUsedUp,
    SpeedNotAllowed,
)
from tasks.models import Task
from tasks.services import advance, cancel, fail
from tasks.submit import commands
from tasks.submit.account import Wanted
from tasks.submit.buttons import submit_button, submit_change
from tasks.submit.commands import submit_describe, submit_imagine, submit_shorten
from tasks.submit.row import Caller, Submitted
from tasks.submit.windows import submit_window
from tests.factories import make_account, make_finished, make_task
from tests.pictures import data_url, picture
from tests.tasks.parents import DESCRIBED_ALL, PAN, make_described, make_single
from tests.tasks.refusals import Block

pytestmark = pytest.mark.usefixtures("names", "media")

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


def imagine(user: User, key: int | None = None, **caller: Any) -> Submitted:
    asked = Caller(user, key_id=key, **caller)
    return submit_imagine(caller=asked, prompt="a red fox")


def drawn(user: User) -> Drawn:
    return meter.drawn(user.pk, timezone.localdate())


def limit(user: User, **limits: Any) -> None:
    for name, value in limits.items():
        setattr(user, name, value)
    user.save()


def key_of(user: User, **limits: Any) -> int:
    key = ApiKey.objects.get(owner=user)
    for name, value in limits.items():
        setattr(key, name, value)
    key.save()
    return key.pk


# --- numbers --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "zh", "until"),
    [
        ("drawings_a_day", "用户今日绘图次数已达上限", "2026-04-01 00:00 UTC"),
        ("drawings_a_month", "用户本月绘图次数已达上限", "2026-04-01 00:00 UTC"),
        ("drawings_in_total", "总绘图次数已达上限", ""),
    ],
)
@pytest.mark.usefixtures("utc")
def test_who_has_drawn_enough_is_refused_until_it_begins_anew(
    alice: User,
    bob: User,
    account: DiscordAccount,
    unchanged: Block,
    name: str,
    zh: str,
    until: str,
) -> None:
    limit(alice, **{name: 2})
    with time_machine.travel(NOON, tick=False):
        left = [imagine(alice).quota for _ in range(2)]
        with unchanged(), pytest.raises(DrawingsUsedUp) as refused:
            imagine(alice)
        assert imagine(bob).quota is None

    assert [quota.left for quota in left if quota] == [1, 0]
    assert zh in refused.value.zh
    assert "(2)" in refused.value.en
    assert refused.value.properties["limit"] == 2
    for text in (refused.value.zh, refused.value.en):
        assert until in text
    assert ("retryAt" in refused.value.properties) == bool(until)
    assert ("Retry-After" in refused.value.headers) == bool(until)


@pytest.mark.usefixtures("utc")
def test_the_next_day_has_room_again(alice: User, account: DiscordAccount) -> None:
    limit(alice, drawings_a_day=1)
    with time_machine.travel(NOON, tick=False):
        imagine(alice)
    with time_machine.travel(NOON + timedelta(hours=12), tick=False):
        imagine(alice)

        with pytest.raises(DrawingsUsedUp) as refused:
            imagine(alice)
        assert refused.value.properties["retryAt"] == 1_775_088_000_000


@pytest.mark.parametrize(
    ("name", "zh"),
    [
        ("drawings_a_day", "该密钥今日绘图次数已达上限"),
        ("drawings_in_total", "该密钥总绘图次数已达上限"),
    ],
)
def test_a_key_has_limits_of_its_own(
    alice: User, account: DiscordAccount, unchanged: Block, name: str, zh: str
) -> None:
    key = key_of(alice, **{name: 1})
    imagine(alice, key)

    with unchanged(), pytest.raises(DrawingsUsedUp, match="key") as refused:
        imagine(alice, key)
    imagine(alice)

    assert zh in refused.value.zh
    assert drawn(alice) == Drawn(2, 2, 2)
    assert list(Task.objects.order_by("pk").values_list("key", flat=True)) == [
        key,
        None,
    ]


def test_a_key_without_a_limit_is_not_counted_nor_given_back(
    alice: User, account: DiscordAccount
) -> None:
    today, key = timezone.localdate(), key_of(alice)
    before = imagine(alice, key).task
    key_of(alice, drawings_a_day=5)
    imagine(alice, key)
    assert meter.drawn_with_key(key, today).of_day == 1

    cancel(before)

    assert meter.drawn_with_key(key, today).of_day == 1
    assert drawn(alice).of_day == 1


def test_the_tightest_limit_is_told(alice: User, account: DiscordAccount) -> None:
    limit(alice, drawings_a_day=9, drawings_a_month=50)
    key = key_of(alice, drawings_in_total=4)

    quota = imagine(alice, key).quota

    assert quota
    assert (quota.most, quota.left) == (4, 3)
    assert "X-RateLimit-Reset" not in quota.headers


def test_a_repeated_request_counts_once(alice: User, account: DiscordAccount) -> None:
    limit(alice, drawings_a_day=1)
    first = imagine(alice, idempotency_key="once")

    assert imagine(alice, idempotency_key="once").task == first.task
    assert drawn(alice).in_total == 1


def test_questions_and_upscales_are_no_drawings(
    alice: User, account: DiscordAccount
) -> None:
    limit(alice, drawings_in_total=1)
    imagine(alice)
    caller, parent = Caller(alice), make_finished(alice, account=account)

    submit_describe(caller=caller, picture=data_url(picture()))
    submit_shorten(caller=caller, prompt="a red fox")
    submit_change(caller=caller, task_id=parent.pk, action=TaskAction.UPSCALE, index=1)

    assert drawn(alice).in_total == 1
    assert Task.objects.filter(counted_on__isnull=False).count() == 1
    with pytest.raises(DrawingsUsedUp):
        submit_change(
            caller=caller, task_id=parent.pk, action=TaskAction.VARIATION, index=1
        )


def test_a_window_counts_with_its_answer(
    alice: User, account: DiscordAccount, unchanged: Block
) -> None:
    limit(alice, drawings_in_total=1)
    DiscordAccount.objects.update(mj_remix_on=True)
    parent = make_single(alice, account)
    opened = [
        submit_button(caller=Caller(alice), task_id=parent.pk, custom_id=PAN).task
        for _ in range(2)
    ]
    assert drawn(alice).in_total == 0

    answered = submit_window(caller=Caller(alice), task_id=opened[0].pk)
    with unchanged(), pytest.raises(DrawingsUsedUp):
        submit_window(caller=Caller(alice), task_id=opened[1].pk)

    assert answered.quota
    assert answered.quota.left == 0
    assert answered.task.counted_on == timezone.localdate()


def test_several_drawings_of_one_button_are_all_counted_or_none(
    alice: User, account: DiscordAccount, unchanged: Block
) -> None:
    limit(alice, drawings_a_day=4)
    parent = make_described(alice, account)
    caller = Caller(alice)
    button: dict[str, Any] = {"task_id": parent.pk, "custom_id": DESCRIBED_ALL}

    first = submit_button(caller=caller, **button)
    assert first.quota
    assert (drawn(alice).of_day, first.quota.left) == (4, 0)

    limit(alice, drawings_a_day=7)
    with unchanged(), pytest.raises(DrawingsUsedUp):
        submit_button(caller=caller, **button)
    assert drawn(alice).of_day == 4


def test_nothing_is_translated_for_a_user_without_room(
    alice: User, account: DiscordAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(alice, drawings_a_day=1)
    imagine(alice)
    monkeypatch.setattr(commands, "translate", lambda _: pytest.fail("it was sent"))

    with pytest.raises(DrawingsUsedUp):
        imagine(alice)


# --- what is given back ---------------------------------------------------------------


def test_a_drawing_that_never_began_does_not_count(
    alice: User, account: DiscordAccount
) -> None:
    key = key_of(alice, drawings_a_day=1)
    task = imagine(alice, key).task
    assert drawn(alice) == Drawn(1, 1, 1)

    assert cancel(task)
    assert not fail(task.pk, "again")

    assert drawn(alice) == Drawn()
    assert meter.drawn_with_key(key, timezone.localdate()) == Drawn()
    task.refresh_from_db()
    assert task.counted_on is None


@pytest.mark.parametrize(
    ("moves", "count"),
    [
        ([TaskStatus.SUBMITTED, TaskStatus.FAILURE], 0),
        ([TaskStatus.SUBMITTED, TaskStatus.NOT_START, TaskStatus.FAILURE], 0),
        ([TaskStatus.SUBMITTED, TaskStatus.IN_PROGRESS, TaskStatus.FAILURE], 1),
        ([TaskStatus.SUBMITTED, TaskStatus.SUCCESS], 1),
    ],
)
def test_what_midjourney_has_begun_counts(
    alice: User, account: DiscordAccount, moves: list[TaskStatus], count: int
) -> None:
    task = imagine(alice).task

    for status in moves:
        known = Task.objects.get(pk=task.pk)
        assert advance(task.pk, status, known=known)

    assert drawn(alice).of_day == count


def test_removed_tasks_stay_counted(alice: User, account: DiscordAccount) -> None:
    imagine(alice)

    Task.objects.all().delete()

    assert drawn(alice) == Drawn(1, 1, 1)


def test_a_task_of_before_takes_nothing_out(alice: User) -> None:
    meter.count(alice.pk, timezone.localdate())

    fail(make_task(alice).pk, "it was not counted")

    assert drawn(alice) == Drawn(1, 1, 1)


# --- bots and speeds ------------------------------------------------------------------


def test_a_bot_that_is_not_allowed_is_refused(
    alice: User, account: DiscordAccount, unchanged: Block
) -> None:
    limit(alice, bots=["NIJI_JOURNEY"])

    with unchanged(), pytest.raises(BotNotAllowed, match="NIJI_JOURNEY"):
        imagine(alice)


@pytest.mark.parametrize("mode", ["", "RELAX"])
def test_an_allowed_speed_is_drawn_at(
    alice: User, account: DiscordAccount, mode: str
) -> None:
    limit(alice, speeds=["RELAX"])

    task = imagine(alice, mode=mode).task

    assert (task.mode, task.requested_mode) == ("RELAX", "RELAX")


def test_a_speed_that_is_not_allowed_is_refused(
    alice: User, account: DiscordAccount, unchanged: Block
) -> None:
    limit(alice, speeds=["RELAX", "FAST"])

    with unchanged(), pytest.raises(SpeedNotAllowed, match="RELAX or FAST"):
        submit_imagine(
            caller=Caller(alice),
            prompt="a red fox --turbo",
            wanted=Wanted(modes=("TURBO",)),
        )


def test_a_button_is_pressed_at_an_allowed_speed_of_its_account(alice: User) -> None:
    limit(alice, speeds=["FAST", "RELAX"])
    account = make_account(fast_exhausted=True)
    parent = make_finished(alice, account=account)
    change: dict[str, Any] = {
        "task_id": parent.pk,
        "action": TaskAction.REROLL,
        "index": 0,
    }

    task = submit_change(caller=Caller(alice), **change).task
    assert task.mode == "RELAX"

    limit(alice, speeds=["TURBO"])
    with pytest.raises(SpeedNotAllowed):
        submit_change(caller=Caller(alice), **change)


def test_the_limit_that_lasts_longest_is_named(
    alice: User, account: DiscordAccount
) -> None:
    limit(alice, drawings_a_day=1, drawings_a_month=1)
    key = key_of(alice, drawings_a_day=1)
    imagine(alice, key)

    with pytest.raises(DrawingsUsedUp, match="month"):
        imagine(alice, key)
    key_of(alice, drawings_in_total=1)
    with pytest.raises(DrawingsUsedUp, match="this key"):
        imagine(alice, key)


def test_room_that_was_given_back_meanwhile_is_taken(
    alice: User, account: DiscordAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the count and the look at its numbers another task was cancelled."""
    limit(alice, drawings_a_day=1)
    task = imagine(alice).task
    real = meter.count

    def count(*args: Any, **kwargs: Any) -> Drawn | None:
        found = real(*args, **kwargs)
        if found is None:
            cancel(task)
        return found

    monkeypatch.setattr(commands, "check_quotas", lambda *_: None)
    monkeypatch.setattr(meter, "count", count)

    assert imagine(alice).quota
    assert drawn(alice) == Drawn(1, 1, 1)


def test_the_number_of_waiting_tasks_has_the_words_that_clients_know(
    alice: User, account: DiscordAccount
) -> None:
    limit(alice, waiting_at_once=1)
    imagine(alice)

    with pytest.raises(ShareUsedUp) as refused:
        imagine(alice)

    assert "队列数已达上限" in refused.value.zh
    assert refused.value.properties == {"limit": 1}
