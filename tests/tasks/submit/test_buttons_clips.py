from __future__ import annotations

from typing import Any

import pytest

from accounts.models import DiscordAccount, User
from tasks.enums import TaskAction, TaskStatus, WindowState
from tasks.exceptions import (
    InvalidRequest,
    NoAccount,
    Refused,
)
from tasks.models import BannedWord, Task
from tasks.submit.base import Caller
from tasks.submit.buttons import (
    submit_extension,
)
from tests.factories import make_account
from tests.tasks.parents import (
    EXTEND,
    make_clip,
    make_single,
)
from tests.tasks.refusals import PUBLIC_LINK, Block

pytestmark = pytest.mark.usefixtures("names", "media")


def remixing(**fields: Any) -> DiscordAccount:
    return make_account(**({"mj_remix_on": True} | fields))


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

    task = extend(make_clip(alice, remixing()), f" {prompt} ")

    assert (task.status, task.window) == (TaskStatus.NOT_START, WindowState.EXPECTED)
    assert (task.prompt, task.prompt_en) == (prompt, prompt)
    assert [p.source_url for p in task.inputs.all()] == [PUBLIC_LINK]
    assert task.prepared is False


def test_with_remix_and_no_word_it_goes_on_as_before(alice: User) -> None:
    task = extend(make_clip(alice, remixing()))

    assert task.prompt_en == "the fox runs --video 1 --motion low"
    assert task.prompt == "a red fox"


@pytest.mark.parametrize(
    ("on", "prompt", "how", "text"),
    [
        (False, "it sleeps", {}, "未开启 REMIX，无法使用视频扩展功能"),
        (True, "x" * 8193, {}, "prompt过长"),
        (True, "a nude fox", {}, "可能包含敏感词"),
        (True, "it sees https://inside.example/x", {}, "链接错误: 不允许访问内网地址"),
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
    BannedWord.objects.create(word="nude")
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
