from __future__ import annotations

import pytest

from accounts.models import DiscordAccount, User
from tasks.enums import TaskAction, TaskStatus, WindowState
from tasks.exceptions import (
    InvalidRequest,
    NothingShortened,
    QueueFull,
)
from tasks.models import Task
from tasks.prompts.text import echo_key
from tasks.submit.buttons import (
    offered_prompt,
)
from tasks.submit.row import Caller
from tests.factories import make_account, make_task
from tests.tasks.parents import (
    ANALYSED,
    DESCRIBED,
    DESCRIBED_ALL,
    make_described,
    make_shortened,
    press,
)
from tests.tasks.refusals import Block

pytestmark = pytest.mark.usefixtures("names", "media")


def test_a_described_prompt_is_offered(alice: User, account: DiscordAccount) -> None:
    DiscordAccount.objects.update(remix_auto_submit=True)

    task = press(make_described(alice, account), DESCRIBED.format(2)).task

    assert (task.status, task.action) == (TaskStatus.MODAL, TaskAction.IMAGINE)
    assert (task.final_prompt, task.prompt_en) == ("two", "two")


def test_all_described_prompts_are_drawn_without_asking(
    alice: User, account: DiscordAccount
) -> None:
    parent = make_described(alice, account)
    caller = Caller(alice, state="s", notify_hook="http://127.0.0.1/h")

    found = press(parent, DESCRIBED_ALL, caller=caller)

    tasks = [found.task, *found.more]
    assert [t.custom_id for t in tasks] == [DESCRIBED.format(n) for n in (1, 2, 3, 4)]
    assert [t.prompt_en for t in tasks] == ["one --ar 1:1", "two", "three", "four"]
    assert [t.client_state for t in tasks] == ["s::1", "s::2", "s::3", "s::4"]
    for task in tasks:
        assert (task.status, task.window) == (
            TaskStatus.NOT_START,
            WindowState.EXPECTED,
        )
        assert (task.owner, task.notify_hook) == (alice, "http://127.0.0.1/h")
        assert task.prompt == task.prompt_en
        assert task.echo_key == echo_key(task.prompt_en)


def test_all_need_room_for_all(alice: User, unchanged: Block) -> None:
    parent = make_described(alice, make_account(max_queue_size=4))
    make_task(alice, account=parent.account)

    with unchanged(), pytest.raises(QueueFull):
        press(parent, DESCRIBED_ALL)


@pytest.mark.parametrize("key", ["k", "k" * 255])
def test_all_are_drawn_once_per_key_also_where_the_queue_is_full_by_then(
    alice: User, key: str
) -> None:
    parent = make_described(alice, make_account(max_queue_size=4))
    caller = Caller(alice, idempotency_key=key)
    first = press(parent, DESCRIBED_ALL, caller=caller)

    again = press(parent, DESCRIBED_ALL, caller=caller)

    assert (again.task, again.more) == (first.task, first.more)
    assert Task.objects.count() == 5
    keys = Task.objects.exclude(pk=parent.pk).values_list("idempotency_key", flat=True)
    assert all(len(each or "") <= 255 for each in keys)


def test_what_was_cut_off_between_the_four_is_completed(
    alice: User, account: DiscordAccount
) -> None:
    parent = make_described(alice, account)
    caller = Caller(alice, idempotency_key="k")
    first = press(parent, DESCRIBED_ALL, caller=caller)
    first.more[-1].delete()

    again = press(parent, DESCRIBED_ALL, caller=caller)

    assert (again.task, again.more[:2]) == (first.task, first.more[:2])
    assert Task.objects.count() == 5


def test_without_described_prompts_there_is_nothing_to_draw(
    alice: User, account: DiscordAccount, unchanged: Block
) -> None:
    parent = make_described(alice, account, texts=[])

    with unchanged(), pytest.raises(InvalidRequest):
        press(parent, DESCRIBED_ALL)


@pytest.mark.parametrize(
    ("answers_itself", "status"),
    [(False, TaskStatus.MODAL), (True, TaskStatus.NOT_START)],
)
def test_a_shortened_prompt_is_offered_or_drawn(
    alice: User, answers_itself: bool, status: TaskStatus
) -> None:
    account = make_account(remix_auto_submit=answers_itself)

    task = press(make_shortened(alice, account), ANALYSED.format(1)).task

    assert (task.status, task.window) == (status, WindowState.EXPECTED)
    assert (task.action, task.prompt_en) == (TaskAction.IMAGINE, "red fox")


def test_a_shortened_prompt_drawn_by_itself_is_known_by_its_words(alice: User) -> None:
    account = make_account(remix_auto_submit=True)

    task = press(make_shortened(alice, account), ANALYSED.format(2)).task

    assert task.echo_key == echo_key("fox")


@pytest.mark.parametrize("answers_itself", [True, False])
def test_a_shortened_prompt_that_is_not_known_is_refused(
    alice: User, unchanged: Block, answers_itself: bool
) -> None:
    account = make_account(remix_auto_submit=answers_itself)
    parent = make_shortened(alice, account)

    with unchanged(), pytest.raises(NothingShortened):
        press(parent, ANALYSED.format(3))


def test_a_described_prompt_that_is_not_known_is_the_owners_to_write(
    alice: User, account: DiscordAccount
) -> None:
    parent = make_described(alice, account, texts=["one"])

    assert offered_prompt(parent, DESCRIBED.format(1)) == "one"
    assert offered_prompt(parent, DESCRIBED.format(4)) == ""
