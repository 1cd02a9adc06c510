from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accounts.models import DiscordAccount, User
from tasks.enums import BotType, InputRole, TaskAction
from tasks.exceptions import BannedPrompt, InvalidRequest, NoAccount, Refused
from tasks.models import Task
from tasks.prompts.text import echo_key
from tasks.submit.account import Wanted
from tasks.submit.commands import (
    MAX_LINKS,
    MAX_PROMPT_PICTURES,
    linked,
    permitted,
    submit_blend,
    submit_describe,
    submit_imagine,
    submit_shorten,
    submit_video,
)
from tasks.submit.row import Caller, Submitted
from tests.factories import ban, make_account
from tests.pictures import bare, data_url, picture
from tests.tasks.refusals import OFFICIAL_LINK, PUBLIC_LINK

pytestmark = pytest.mark.usefixtures("names", "media")
PICTURE = data_url(picture())


def roles(task: Task) -> list[tuple[str, int]]:
    return [(each.role, each.position) for each in task.inputs.order_by("pk")]


# --- what all share -------------------------------------------------------------------

COMMANDS: dict[str, Callable[..., Submitted]] = {
    "imagine": lambda **kw: submit_imagine(prompt="fox", pictures=[PICTURE], **kw),
    "blend": lambda **kw: submit_blend(pictures=[PICTURE, PICTURE], **kw),
    "describe": lambda **kw: submit_describe(picture=PICTURE, **kw),
    "shorten": lambda **kw: submit_shorten(prompt="fox", **kw),
    "video": lambda **kw: submit_video(prompt="fox", first=PICTURE, **kw),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_key_draws_once(
    alice: User,
    account: DiscordAccount,
    media: Path,
    command: Callable[..., Submitted],
) -> None:
    caller = Caller(alice, idempotency_key="k")
    first = command(caller=caller)
    files = sorted(media.rglob("*"))

    again = command(caller=caller)

    assert again.task == first.task
    assert Task.objects.count() == 1
    assert sorted(media.rglob("*")) == files


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_the_first_speed_that_can_be_given_is_the_tasks(
    alice: User, command: Callable[..., Submitted]
) -> None:
    account = make_account(mode="RELAX")

    task = command(caller=Caller(alice), wanted=Wanted(modes=("FAST", "RELAX"))).task

    assert (task.account, task.mode) == (account, "RELAX")


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_without_an_account_nothing_is_written(
    alice: User, unchanged: Any, command: Callable[..., Submitted]
) -> None:
    with unchanged(), pytest.raises(NoAccount):
        command(caller=Caller(alice))


@pytest.mark.parametrize("name", ["imagine", "blend", "describe", "shorten"])
def test_the_niji_bot_may_be_asked(
    alice: User, account: DiscordAccount, name: str
) -> None:
    task = COMMANDS[name](caller=Caller(alice), bot_type=BotType.NIJI_JOURNEY).task

    assert task.bot_type == BotType.NIJI_JOURNEY


# --- imagine --------------------------------------------------------------------------


def test_pictures_go_before_the_prompt_in_their_order(
    alice: User, account: DiscordAccount
) -> None:
    given = [PICTURE, None, "", PUBLIC_LINK, bare(picture(colour="blue"))]

    task = submit_imagine(caller=Caller(alice), prompt="fox", pictures=given).task

    found = list(task.inputs.all())
    assert roles(task) == [(InputRole.PROMPT, n) for n in range(3)]
    assert [bool(p.file) for p in found] == [True, False, True]
    assert [p.source_url for p in found] == ["", PUBLIC_LINK, ""]
    assert (task.prepared, task.prompt) == (False, "fox")


def test_a_prompt_without_pictures_is_ready_to_be_sent(
    alice: User, account: DiscordAccount
) -> None:
    task = submit_imagine(caller=Caller(alice), prompt="fox --ar 3:2").task

    assert (task.action, task.prepared) == (TaskAction.IMAGINE, True)
    assert task.description == "/imagine fox --ar 3:2"
    assert task.echo_key == echo_key("fox")


def test_picture_prompts_of_the_same_words_are_told_apart_by_their_number(
    alice: User, account: DiscordAccount
) -> None:
    one, two = (
        submit_imagine(caller=Caller(alice), prompt="fox", pictures=[PICTURE] * n).task
        for n in (1, 2)
    )

    assert one.echo_key != two.echo_key
    assert one.echo_key == echo_key("https://x fox")


def test_links_in_the_prompt_are_brought_along_but_midjourneys_own(
    alice: User, account: DiscordAccount
) -> None:
    prompt = f"{OFFICIAL_LINK} fox --sref {PUBLIC_LINK} --cref {PUBLIC_LINK}"

    task = submit_imagine(caller=Caller(alice), prompt=prompt).task

    assert [(p.role, p.source_url) for p in task.inputs.all()] == [
        (InputRole.LINK, PUBLIC_LINK)
    ]
    assert task.prepared is False


def test_so_many_pictures_and_links_and_no_more(
    alice: User, account: DiscordAccount, unchanged: Any
) -> None:
    many = [f"https://pictures.example/{n}.png" for n in range(MAX_LINKS + 1)]

    assert len(linked(" ".join(many[:-1]), Caller(alice).viewer)) == MAX_LINKS
    with unchanged():
        with pytest.raises(InvalidRequest) as links:
            submit_imagine(caller=Caller(alice), prompt=" ".join(many))
        with pytest.raises(InvalidRequest) as pictures:
            submit_imagine(
                caller=Caller(alice),
                prompt="fox",
                pictures=[PICTURE] * (MAX_PROMPT_PICTURES + 1),
            )
    assert (links.value.zh, pictures.value.zh) == ("链接过多", "图片过多")


def test_a_banned_word_is_named(alice: User) -> None:
    ban("nude")

    with pytest.raises(BannedPrompt) as refused:
        permitted("a Nude fox", BotType.MID_JOURNEY)

    assert refused.value.properties == {"promptEn": "a Nude fox", "bannedWord": "Nude"}
    assert permitted("a fox", BotType.MID_JOURNEY) == "a fox"


@pytest.mark.parametrize(
    "prompt",
    [
        "child---abuse",
        "child -- abuse",
        "child --fast abuse",
        "fox --no child --- abuse",
        "child <https://x.example/a.png> fox --relax child --turbo abuse",
    ],
)
def test_what_is_left_out_of_a_prompt_hides_no_banned_word(
    alice: User, prompt: str
) -> None:
    ban("child abuse")

    with pytest.raises(BannedPrompt) as refused:
        permitted(prompt, BotType.MID_JOURNEY)

    assert refused.value.properties["bannedWord"] == "child abuse"


# --- blend, describe, shorten ---------------------------------------------------------


@pytest.mark.parametrize(
    ("dimensions", "flag"),
    [("PORTRAIT", "--ar 2:3"), ("SQUARE", "--ar 1:1"), ("LANDSCAPE", "--ar 3:2")],
)
def test_a_blend_takes_its_pictures_with_the_command(
    alice: User, account: DiscordAccount, dimensions: str, flag: str
) -> None:
    given = [PICTURE, PUBLIC_LINK, bare(picture())]

    task = submit_blend(
        caller=Caller(alice), pictures=given, dimensions=dimensions
    ).task

    assert (task.action, task.prepared) == (TaskAction.BLEND, False)
    assert roles(task) == [(InputRole.COMMAND, n) for n in range(3)]
    assert (task.prompt, task.prompt_en) == ("", flag)
    assert task.description == f"/blend {task.pk} 3"
    assert task.echo_key == echo_key("https://x https://x https://x")


@pytest.mark.parametrize("count", [0, 1, 6])
def test_a_blend_needs_two_to_five_pictures(
    alice: User, account: DiscordAccount, unchanged: Any, count: int
) -> None:
    with unchanged(), pytest.raises(InvalidRequest) as refused:
        submit_blend(caller=Caller(alice), pictures=[PICTURE] * count)

    assert refused.value.zh == "base64List参数错误"


def test_a_blend_has_one_of_three_shapes(
    alice: User, account: DiscordAccount, unchanged: Any
) -> None:
    with unchanged(), pytest.raises(InvalidRequest) as refused:
        submit_blend(
            caller=Caller(alice), pictures=[PICTURE] * 2, dimensions="CIRCULAR"
        )

    assert refused.value.zh == "dimensions参数错误"


def test_two_questions_are_never_taken_for_each_other(
    alice: User, account: DiscordAccount
) -> None:
    tasks = [submit_shorten(caller=Caller(alice), prompt="fox").task for _ in range(2)]
    tasks += [
        submit_describe(caller=Caller(alice), picture=PICTURE).task for _ in range(2)
    ]

    assert len({task.echo_key for task in tasks}) == 4


def test_a_description_is_asked_for_one_picture(
    alice: User, account: DiscordAccount
) -> None:
    task = submit_describe(caller=Caller(alice), picture=PUBLIC_LINK).task

    assert (task.action, task.description) == (
        TaskAction.DESCRIBE,
        f"/describe {task.pk}",
    )
    assert roles(task) == [(InputRole.COMMAND, 0)]


def test_a_prompt_is_asked_to_be_shortened(
    alice: User, account: DiscordAccount
) -> None:
    task = submit_shorten(caller=Caller(alice), prompt=" a very red fox ").task

    assert (task.action, task.prompt) == (TaskAction.SHORTEN, "a very red fox")
    assert task.description == "/shorten a very red fox"
    assert task.prepared is True


def test_foreign_links_in_a_prompt_to_be_shortened_are_brought_along(
    alice: User, account: DiscordAccount
) -> None:
    prompt = f"{OFFICIAL_LINK} a very red fox --sref {PUBLIC_LINK}"

    task = submit_shorten(caller=Caller(alice), prompt=prompt).task

    assert [(p.role, p.source_url) for p in task.inputs.all()] == [
        (InputRole.LINK, PUBLIC_LINK)
    ]
    assert not task.prepared


def test_a_prompt_with_a_private_link_is_not_shortened(
    alice: User, account: DiscordAccount, unchanged: Any
) -> None:
    with unchanged(), pytest.raises(InvalidRequest):
        submit_shorten(caller=Caller(alice), prompt="fox http://127.0.0.1/x.png")


# --- video ----------------------------------------------------------------------------


def test_a_video_is_an_imagine_with_its_first_frame(
    alice: User, account: DiscordAccount
) -> None:
    task = submit_video(
        caller=Caller(alice),
        prompt="it runs",
        first=PICTURE,
        last=PUBLIC_LINK,
        motion="high",
        batch=2,
    ).task

    assert (task.action, task.bot_type) == (TaskAction.VIDEO, BotType.MID_JOURNEY)
    assert roles(task) == [(InputRole.PROMPT, 0), (InputRole.END_FRAME, 0)]
    assert task.prompt == "it runs"
    assert task.prompt_en == "it runs --video 1 --motion high --bs 2"
    assert task.echo_key == echo_key("https://x it runs")


def test_a_loop_needs_no_last_frame(alice: User, account: DiscordAccount) -> None:
    task = submit_video(
        caller=Caller(alice), prompt="", first=PICTURE, last=PUBLIC_LINK, loop=True
    ).task

    assert roles(task) == [(InputRole.PROMPT, 0)]
    assert task.prompt == task.prompt_en == "--video 1 --motion low --end loop"


def test_the_first_frame_may_be_a_link_in_the_prompt(
    alice: User, account: DiscordAccount
) -> None:
    task = submit_video(caller=Caller(alice), prompt=f"{PUBLIC_LINK} it runs").task

    assert roles(task) == [(InputRole.LINK, 0)]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"prompt": " "}, "Prompt 不能为空"),
        ({"prompt": "fox"}, "image不能为空"),
        ({"prompt": "x" * 8193, "first": PICTURE}, "prompt过长"),
        ({"prompt": "fox", "first": PICTURE, "motion": "wild"}, "motion参数错误"),
        ({"prompt": "fox", "first": PICTURE, "batch": 3}, "batchSize参数错误"),
        ({"prompt": "fox", "first": PICTURE, "last": "x"}, "base64格式错误"),
        ({"prompt": "a nude fox", "first": PICTURE}, "可能包含敏感词"),
    ],
)
def test_what_is_no_video_is_refused(
    alice: User,
    account: DiscordAccount,
    unchanged: Any,
    fields: dict[str, Any],
    text: str,
) -> None:
    ban("nude")

    with unchanged(), pytest.raises(Refused) as refused:
        submit_video(caller=Caller(alice), **fields)

    assert refused.value.zh == text
