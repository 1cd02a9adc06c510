from __future__ import annotations

import pytest

from accounts.models import DiscordAccount, PoolSettings, User
from tasks.enums import ReturnCode, TaskStatus
from tasks.exceptions import ShareUsedUp
from tasks.models import Task
from tasks.submit.buttons import submit_button
from tasks.submit.commands import submit_imagine
from tasks.submit.row import Caller, Submitted
from tasks.submit.windows import submit_window
from tests.factories import make_task
from tests.tasks.parents import (
    DESCRIBED_ALL,
    PAN,
    make_described,
    make_single,
    make_window,
)
from tests.tasks.refusals import Block

pytestmark = pytest.mark.usefixtures("names", "media")


def imagine(user: User, key: str = "") -> Submitted:
    caller = Caller(user, idempotency_key=key)
    return submit_imagine(caller=caller, prompt="a red fox")


@pytest.fixture
def _two(db: None) -> None:
    PoolSettings.objects.update_or_create(
        pk=PoolSettings.singleton_instance_id, defaults={"waiting_per_user": 2}
    )


def test_without_a_limit_as_many_wait_as_the_queues_take(
    alice: User, account: DiscordAccount
) -> None:
    for _ in range(4):
        imagine(alice)
    PoolSettings.get_solo()  # the row is there, and says 0

    imagine(alice)

    assert Task.objects.filter(status=TaskStatus.NOT_START).count() == 5


@pytest.mark.usefixtures("_two")
def test_who_has_enough_waiting_is_refused_and_others_are_not(
    alice: User, bob: User, account: DiscordAccount, unchanged: Block
) -> None:
    imagine(alice, "once")
    imagine(alice)

    with unchanged(), pytest.raises(ShareUsedUp) as refused:
        imagine(alice)
    imagine(bob)

    assert refused.value.code == ReturnCode.QUEUE_REJECTED
    assert "2" in refused.value.zh
    assert "2" in refused.value.en
    assert imagine(alice, "once").task.owner == alice, "what was taken stays taken"


@pytest.mark.usefixtures("_two")
def test_only_what_waits_counts(alice: User, account: DiscordAccount) -> None:
    for status in (TaskStatus.SUBMITTED, TaskStatus.MODAL, TaskStatus.SUCCESS):
        make_task(alice, account=account, status=status)
    make_task(alice, account=account)

    imagine(alice)
    with pytest.raises(ShareUsedUp):
        imagine(alice)


@pytest.mark.usefixtures("_two")
def test_a_window_may_open_but_waits_for_room_with_its_answer(
    alice: User, account: DiscordAccount, unchanged: Block
) -> None:
    DiscordAccount.objects.update(mj_remix_on=True)
    parent = make_single(alice, account)
    window = make_window(parent, PAN)
    imagine(alice)
    imagine(alice)

    opened = submit_button(caller=Caller(alice), task_id=parent.pk, custom_id=PAN)
    assert opened.task.status == TaskStatus.MODAL

    with unchanged(), pytest.raises(ShareUsedUp):
        submit_window(caller=Caller(alice), task_id=window.pk)


@pytest.mark.usefixtures("_two")
def test_several_tasks_of_one_button_are_all_taken_or_none(
    alice: User, account: DiscordAccount, unchanged: Block
) -> None:
    parent = make_described(alice, account)

    with unchanged(), pytest.raises(ShareUsedUp):
        submit_button(caller=Caller(alice), task_id=parent.pk, custom_id=DESCRIBED_ALL)
