from __future__ import annotations

from typing import Any

import pytest

from accounts.models import DiscordAccount, User
from tasks.enums import InputRole, TaskAction, TaskStatus
from tasks.models import Task
from tests.conftest import ApiClient
from tests.factories import ban, make_account, make_task
from tests.pictures import data_url, picture
from tests.tasks.parents import CHOOSE, EXTEND, make_clip, make_clips, make_single
from tests.tasks.refusals import BAD_PICTURES, PUBLIC_LINK, Block, check_refused

pytestmark = pytest.mark.usefixtures("names", "media")
PATH = "/mj/submit/video"
PICTURE = data_url(picture())


@pytest.mark.parametrize("name", ["image", "base64"])
def test_a_first_frame_and_words_become_a_video(
    api: ApiClient, account: DiscordAccount, name: str
) -> None:
    said = api.send(PATH, {"prompt": "it runs", name: PICTURE, "motion": "HIGH"}).json()

    task = Task.objects.get()
    assert said == {
        "code": 1,
        "description": "提交成功",
        "result": str(task.pk),
        "properties": {"discordInstanceId": account.channel_id},
    }
    assert (task.action, task.prompt) == (TaskAction.VIDEO, "it runs")
    assert task.prompt_en == "it runs --video 1 --motion high"
    assert task.inputs.get().role == InputRole.PROMPT


@pytest.mark.parametrize(
    ("members", "words", "roles"),
    [
        ({"endImage": PUBLIC_LINK}, "", {InputRole.PROMPT, InputRole.END_FRAME}),
        ({"loop": True, "endImage": PUBLIC_LINK}, " --end loop", {InputRole.PROMPT}),
        ({"batchSize": 1}, " --bs 1", {InputRole.PROMPT}),
        ({"batchSize": None, "videoType": "vid_1.1_i2v_480"}, "", {InputRole.PROMPT}),
        ({"base64": "ignored", "index": 2}, "", {InputRole.PROMPT}),
    ],
)
def test_what_else_a_video_may_have(
    api: ApiClient,
    account: DiscordAccount,
    members: dict[str, Any],
    words: str,
    roles: set[InputRole],
) -> None:
    api.send(PATH, {"prompt": "it runs", "image": PICTURE} | members)

    task = Task.objects.get()
    assert task.prompt_en == f"it runs --video 1 --motion low{words}"
    assert {each.role for each in task.inputs.all()} == roles


def test_a_blank_image_gives_way_to_the_other_name(
    api: ApiClient, account: DiscordAccount
) -> None:
    said = api.send(PATH, {"image": " ", "base64": PICTURE}).json()

    assert said["code"] == 1


@pytest.mark.parametrize(
    ("members", "code", "text"),
    [
        ({"image": "", "prompt": ""}, 4, "Prompt 不能为空"),
        ({"image": ""}, 4, "image不能为空"),
        ({"prompt": "x" * 8193}, 4, "prompt过长"),
        ({"prompt": "a nude fox"}, 24, "可能包含敏感词"),
        ({"motion": "wild"}, 4, "motion参数错误"),
        ({"batchSize": 3}, 4, "batchSize参数错误"),
        ({"taskId": "77"}, 4, "任务类型错误"),
        ({"videoType": "vid_1.1_i2v_720"}, 9, "当前账号不支持高清视频"),
        *(({"image": bad}, 4, text) for bad, text in BAD_PICTURES.items()),
        *(({"endImage": bad}, 4, text) for bad, text in BAD_PICTURES.items()),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_video_is_refused(
    api: ApiClient,
    account: DiscordAccount,
    unchanged: Block,
    members: dict[str, Any],
    code: int,
    text: str,
) -> None:
    ban("nude")

    with unchanged():
        answer = api.send(PATH, {"prompt": "it runs", "image": PICTURE} | members)

    check_refused(answer, code, text)


@pytest.mark.parametrize(
    "members", [{"index": 4}, {"index": -1}, {"loop": "perhaps"}, {"batchSize": "x"}]
)
def test_a_wrong_type_is_an_envelope(
    api: ApiClient, account: DiscordAccount, unchanged: Block, members: Any
) -> None:
    with unchanged():
        answer = api.send(PATH, {"prompt": "it runs", "image": PICTURE} | members)

    assert (answer.status_code, answer.json()["code"]) == (200, -1)


def test_the_same_key_films_once(api: ApiClient, account: DiscordAccount) -> None:
    headers = {"Idempotency-Key": "once"}
    body = {"prompt": "it runs", "image": PICTURE}

    first, again = (api.send(PATH, body, headers=headers).json() for _ in range(2))

    assert first["result"] == again["result"]
    assert Task.objects.count() == 1


def test_a_stranger_films_nothing(stranger: ApiClient, unchanged: Block) -> None:
    with unchanged():
        assert stranger.send(PATH, {"prompt": "x"}).status_code == 401


# --- longer clips ---------------------------------------------------------------------


def longer(task_id: Any, **members: Any) -> dict[str, Any]:
    return {"action": "extend", "taskId": str(task_id), "index": 0} | members


@pytest.mark.parametrize("motion", ["", "low", "High"])
def test_a_clip_is_made_longer(
    api: ApiClient, alice: User, account: DiscordAccount, motion: str
) -> None:
    clip = make_clip(alice, account)

    said = api.send(PATH, longer(clip.pk, motion=motion)).json()

    task = Task.objects.get(pk=said["result"])
    assert (said["code"], task.parent) == (1, clip)
    assert task.custom_id == EXTEND.format(motion.lower() or "low")


@pytest.mark.parametrize("on", [False, True])
@pytest.mark.parametrize("prompt", ["", "it sleeps"])
def test_a_clip_is_made_longer_with_words_and_without_whatever_remix_is(
    api: ApiClient, alice: User, account: DiscordAccount, prompt: str, on: bool
) -> None:
    clip = make_clip(alice, account)
    DiscordAccount.objects.update(mj_remix_on=on)

    assert api.send(PATH, longer(clip.pk, prompt=prompt)).json()["code"] == 1


@pytest.mark.parametrize("index", [0, 1, 2, 3])
def test_one_of_four_clips_is_made_longer(
    api: ApiClient, alice: User, account: DiscordAccount, index: int
) -> None:
    video = make_clips(alice, account)

    said = api.send(PATH, longer(video.pk, index=index)).json()

    task = Task.objects.get(pk=said["result"])
    assert said["code"] == 1
    assert task.parent is not None
    assert (task.action, task.parent.parent) == (TaskAction.VIDEO, video)
    assert task.parent.custom_id == CHOOSE.format(index + 1)


@pytest.mark.parametrize("index", [-1, 4, "x", 2**40, True])
def test_a_fifth_clip_is_refused(
    api: ApiClient,
    alice: User,
    account: DiscordAccount,
    unchanged: Block,
    index: Any,
) -> None:
    video = make_clips(alice, account, clips=1)

    with unchanged():
        said = api.send(PATH, longer(video.pk, index=index)).json()

    assert said["code"] != 1


def test_a_longer_clip_is_made_by_the_account_that_has_it_if_that_is_wanted(
    api: ApiClient, alice: User, account: DiscordAccount, unchanged: Block
) -> None:
    clip, other = make_clip(alice, account), make_account()
    wish = {"instanceId": other.channel_id}

    with unchanged():
        answer = api.send(PATH, longer(clip.pk, accountFilter=wish))

    check_refused(answer, 3, "无可用的账号实例：没有该频道的账号")
    wish = {"instanceId": account.channel_id}
    assert api.send(PATH, longer(clip.pk, accountFilter=wish)).json()["code"] == 1


@pytest.mark.parametrize("task_id", ["", "77", "abc", "9" * 30])
def test_an_unknown_clip_is_404_with_code_3(
    api: ApiClient, unchanged: Block, task_id: str
) -> None:
    with unchanged():
        answer = api.send(PATH, longer(task_id))

    check_refused(answer, 3, "关联任务不存在或已失效", status=404)


def test_anothers_clip_is_unknown(
    bob_api: ApiClient, alice: User, account: DiscordAccount, unchanged: Block
) -> None:
    clip = make_clip(alice, account)

    with unchanged():
        answer = bob_api.send(PATH, longer(clip.pk))

    check_refused(answer, 3, "关联任务不存在或已失效", status=404)


def test_a_clip_that_is_not_finished_is_in_the_wrong_state(
    api: ApiClient, alice: User, unchanged: Block
) -> None:
    task = make_task(alice, status=TaskStatus.IN_PROGRESS)

    with unchanged():
        answer = api.send(PATH, longer(task.pk))

    check_refused(answer, 4, "关联任务状态错误")


def test_a_picture_is_no_clip(
    api: ApiClient, alice: User, account: DiscordAccount, unchanged: Block
) -> None:
    single = make_single(alice, account)

    with unchanged():
        answer = api.send(PATH, longer(single.pk))

    check_refused(answer, 4, "关联任务不允许执行变化")


def test_a_clip_of_an_account_that_is_gone_has_none(
    api: ApiClient, alice: User, unchanged: Block
) -> None:
    clip = make_clip(alice, make_account(enabled=False))

    with unchanged():
        answer = api.send(PATH, longer(clip.pk))

    check_refused(answer, 3, "无可用的账号实例：该任务的账号已禁用")
