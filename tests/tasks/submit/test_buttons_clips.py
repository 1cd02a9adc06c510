from __future__ import annotations

from typing import Any

import pytest

from accounts.models import DiscordAccount, PoolSettings, User
from tasks.enums import TaskAction, TaskStatus, WindowState
from tasks.exceptions import (
    InvalidRequest,
    NoAccount,
    QueueFull,
    Refused,
    ShareUsedUp,
)
from tasks.models import Task
from tasks.submit.extensions import (
    ClipMissing,
    found_on_clip,
    submit_extension,
    waiting_for,
)
from tasks.submit.row import Caller
from tests.factories import ban, make_account
from tests.tasks.parents import (
    CHOOSE,
    EXTEND,
    JOB,
    make_clip,
    make_clips,
    make_single,
    remix_account,
)
from tests.tasks.refusals import PUBLIC_LINK, Block

pytestmark = pytest.mark.usefixtures("names", "media")


def extend(parent: Task, prompt: str = "", **how: Any) -> Task:
    ours = {"caller": Caller(parent.owner), "motion": "low", "index": 1}
    fields: dict[str, Any] = ours | how
    return submit_extension(task_id=parent.pk, prompt=prompt, **fields).task


@pytest.mark.parametrize("motion", ["low", "high"])
def test_a_clip_is_made_longer(
    alice: User, account: DiscordAccount, motion: str
) -> None:
    task = extend(make_clip(alice, account), motion=motion)

    assert (task.action, task.custom_id) == (TaskAction.VIDEO, EXTEND.format(motion))
    assert (task.status, task.window) == (TaskStatus.NOT_START, WindowState.NONE)


def test_with_remix_a_clip_goes_on_as_its_owner_says(alice: User) -> None:
    prompt = f"it sleeps {PUBLIC_LINK}"

    task = extend(make_clip(alice, remix_account()), f" {prompt} ")

    assert (task.status, task.window) == (TaskStatus.NOT_START, WindowState.EXPECTED)
    assert (task.prompt, task.prompt_en) == (prompt, prompt)
    assert [p.source_url for p in task.inputs.all()] == [PUBLIC_LINK]
    assert task.prepared is False


def test_without_remix_its_owners_words_wait_for_a_window_all_the_same(
    alice: User, account: DiscordAccount
) -> None:
    task = extend(make_clip(alice, account), "it sleeps")

    assert (task.status, task.window) == (TaskStatus.NOT_START, WindowState.EXPECTED)
    assert task.prompt_en == "it sleeps"


def test_with_remix_and_no_word_it_goes_on_as_before(alice: User) -> None:
    task = extend(make_clip(alice, remix_account()))

    assert task.prompt_en == "the fox runs --video 1 --motion low"
    assert task.prompt == "a red fox"


@pytest.mark.parametrize(
    ("on", "prompt", "how", "text"),
    [
        (True, "x" * 8193, {}, "prompt过长"),
        (True, "a nude fox", {}, "可能包含敏感词"),
        (True, "it sees https://10.0.0.7/x", {}, "链接错误: 不允许访问内网地址"),
        (True, "", {"motion": "wild"}, "motion参数错误"),
    ],
)
def test_a_wrong_wish_leaves_a_clip_as_it_is(
    alice: User,
    unchanged: Block,
    on: bool,
    prompt: str,
    how: dict[str, Any],
    text: str,
) -> None:
    ban("nude")
    parent = make_clip(alice, make_account(mj_remix_on=on))

    with unchanged(), pytest.raises(Refused) as refused:
        extend(parent, prompt, **how)

    assert refused.value.zh == text


def test_only_a_clip_can_be_made_longer(
    alice: User, account: DiscordAccount, unchanged: Block
) -> None:
    parent = make_single(alice, account)

    with unchanged(), pytest.raises(InvalidRequest) as refused:
        extend(parent)

    assert refused.value.zh == "关联任务不允许执行变化"


def test_a_clip_of_an_account_that_is_gone_stays(alice: User, unchanged: Block) -> None:
    parent = make_clip(alice, make_account(enabled=False))

    with unchanged(), pytest.raises(NoAccount):
        extend(parent)


def test_a_key_extends_once(alice: User, account: DiscordAccount) -> None:
    parent = make_clip(alice, account)
    caller = Caller(alice, idempotency_key="k")

    assert extend(parent, caller=caller) == extend(parent, caller=caller)


# --- one of four ----------------------------------------------------------------------


@pytest.mark.parametrize("prompt", ["", f"it sleeps {PUBLIC_LINK}"])
def test_a_clip_is_chosen_first_and_the_extension_waits_for_it(
    alice: User, account: DiscordAccount, prompt: str
) -> None:
    video = make_clips(alice, account)
    caller = Caller(alice, state="s", notify_hook="https://hook.example/x")

    task = extend(video, prompt, caller=caller, index=3, motion="high")

    clip = task.parent
    assert clip is not None
    assert (clip.action, clip.parent) == (TaskAction.UPSCALE, video)
    assert (clip.custom_id, clip.prepared) == (CHOOSE.format(3), True)
    assert (clip.client_state, clip.notify_hook) == ("", "")
    assert (task.status, task.prepared) == (TaskStatus.NOT_START, False)
    assert task.client_state == "s"
    assert task.inputs.count() == bool(prompt)
    assert waiting_for(clip) == [task.pk]


@pytest.mark.parametrize("status", [TaskStatus.NOT_START, TaskStatus.IN_PROGRESS])
def test_a_clip_that_is_being_chosen_is_not_chosen_twice(
    alice: User, account: DiscordAccount, status: TaskStatus
) -> None:
    video = make_clips(alice, account)
    first = extend(video, index=2)
    Task.objects.filter(action=TaskAction.UPSCALE).update(status=status)

    second = extend(video, index=2, motion="high")

    assert second.parent == first.parent
    assert second.pk != first.pk
    assert Task.objects.count() == 4


def test_a_clip_that_was_chosen_is_made_longer_at_once(
    alice: User, account: DiscordAccount
) -> None:
    video = make_clips(alice, account)
    clip = make_clip(
        alice, account, parent=video, job_id=None, custom_id=CHOOSE.format(1)
    )

    task = extend(video)

    assert (task.parent, task.prepared) == (clip, True)
    assert task.parent_message_id == clip.message_id


def test_a_key_chooses_and_extends_once(alice: User, account: DiscordAccount) -> None:
    video = make_clips(alice, account)
    caller = Caller(alice, idempotency_key="k")

    assert extend(video, caller=caller) == extend(video, caller=caller)
    assert Task.objects.count() == 3


def test_without_room_for_both_nothing_is_chosen(alice: User, unchanged: Block) -> None:
    video = make_clips(alice, make_account(max_queue_size=1))

    with unchanged(), pytest.raises(QueueFull):
        extend(video)


def test_a_share_for_one_is_none_for_both(
    alice: User, account: DiscordAccount, unchanged: Block
) -> None:
    PoolSettings.objects.create(waiting_per_user=1)
    video = make_clips(alice, account)

    with unchanged(), pytest.raises(ShareUsedUp):
        extend(video)


def test_another_users_clip_is_not_shared(
    alice: User, operator: User, account: DiscordAccount
) -> None:
    video = make_clips(alice, account)
    theirs = extend(video)

    assert extend(video, caller=Caller(operator)).parent != theirs.parent


@pytest.mark.parametrize("job", [{}, {"job_id": None, "shown_job_id": JOB}])
def test_a_finished_clip_tells_its_extension_which_button_to_press(
    alice: User, account: DiscordAccount, job: dict[str, Any]
) -> None:
    task = extend(make_clips(alice, account, **job), motion="high")
    clip = make_clip(alice, account, job_id=None, guild_id="7", channel_id="8")
    task.parent = clip

    found = found_on_clip(task)

    assert found["custom_id"] == EXTEND.format("high")
    assert found["parent_message_id"] == clip.message_id
    assert (found["guild_id"], found["channel_id"]) == ("7", "8")


@pytest.mark.parametrize(
    "fields",
    [{"status": TaskStatus.FAILURE, "fail_reason": "stopped"}, {"buttons": []}],
)
def test_a_clip_that_came_to_nothing_is_no_clip(
    alice: User, account: DiscordAccount, fields: dict[str, Any]
) -> None:
    task = extend(make_clips(alice, account))
    task.parent = make_clip(alice, account, job_id=None, **fields)

    with pytest.raises(ClipMissing):
        found_on_clip(task)
