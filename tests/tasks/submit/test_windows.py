from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from PIL import Image

from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from tasks.enums import InputRole, TaskAction, TaskStatus, WindowState
from tasks.exceptions import InvalidRequest, NoAccount, QueueFull, Refused
from tasks.models import Task
from tasks.pictures import store
from tasks.prompts.text import echo_key
from tasks.services import fail
from tasks.submit import windows
from tasks.submit.button_account import owner_or_host
from tasks.submit.row import Caller
from tasks.submit.windows import submit_window
from tests.factories import ban, make_account, make_task
from tests.pictures import data_url, mask, picture
from tests.tasks.parents import (
    ANALYSED,
    DESCRIBED,
    PAN,
    REGION,
    ZOOM,
    make_described,
    make_shortened,
    make_single,
    make_window,
)
from tests.tasks.refusals import PUBLIC_LINK, Block

pytestmark = pytest.mark.usefixtures("names", "media")
MASK = data_url(mask((64, 32)))


def answer(window: Task, **how: Any) -> Task:
    how.setdefault("caller", Caller(window.owner))
    return submit_window(task_id=window.pk, **how).task


def region_of(parent: Task, **fields: Any) -> Task:
    return make_window(parent, REGION, **({"action": TaskAction.INPAINT} | fields))


def test_the_same_task_goes_on_with_what_its_owner_wrote(single: Task) -> None:
    window = make_window(single, PAN, action=TaskAction.PAN)

    task = answer(window, prompt="  a blue fox --ar 2:1 ")

    assert task.pk == window.pk
    assert (task.status, task.window) == (TaskStatus.NOT_START, WindowState.EXPECTED)
    assert task.prompt == task.prompt_en == "a blue fox --ar 2:1"
    assert task.prepared is True
    assert task.revision == 1


def test_it_waits_from_now_on_as_long_as_any_other(
    alice: User, account: DiscordAccount
) -> None:
    DiscordAccount.objects.update(timeout_minutes=5)
    window = make_window(make_single(alice, account), PAN, deadline_at=timezone.now())

    deadline = answer(window).deadline_at

    assert deadline is not None
    assert 59 < (deadline - timezone.now()).total_seconds() / 60 <= 60


@pytest.mark.parametrize("prompt", ["", " \n "])
def test_without_a_prompt_the_offered_one_is_sent(single: Task, prompt: str) -> None:
    task = answer(make_window(single, PAN), prompt=prompt)

    assert task.prompt_en == "a red fox --ar 2:1 --v 6.1"
    assert task.prompt == single.prompt


def test_where_nothing_was_offered_a_prompt_is_needed(
    single: Task, unchanged: Block
) -> None:
    window = make_window(single, PAN, prompt_en="")

    with unchanged(), pytest.raises(InvalidRequest) as refused:
        answer(window)

    assert refused.value.zh == "prompt不能为空"


@pytest.mark.parametrize(
    ("prompt", "sent"),
    [
        ("fox", "fox --zoom 2"),
        ("fox --zoom 1.4", "fox --zoom 1.4"),
        ("", "a red fox --ar 2:1 --v 6.1 --zoom 2"),
    ],
)
def test_a_zoom_always_has_a_factor(single: Task, prompt: str, sent: str) -> None:
    assert answer(make_window(single, ZOOM), prompt=prompt).prompt_en == sent


def test_a_new_drawing_is_known_by_its_words_a_pressed_button_by_the_button(
    alice: User, account: DiscordAccount
) -> None:
    drawn = {"action": TaskAction.IMAGINE, "echo_key": "pressed"}
    described = make_window(
        make_described(alice, account), DESCRIBED.format(1), **drawn
    )
    shortened = make_window(make_shortened(alice, account), ANALYSED.format(1), **drawn)
    panned = make_window(
        make_single(alice, account), PAN, action=TaskAction.PAN, echo_key="pressed"
    )

    keys = [answer(w, prompt="fox").echo_key for w in (described, shortened, panned)]

    assert keys == [echo_key("fox"), echo_key("fox"), "pressed"]


def test_links_in_the_answer_are_brought_along(single: Task) -> None:
    task = answer(make_window(single, PAN), prompt=f"fox --sref {PUBLIC_LINK}")

    assert [(p.role, p.source_url) for p in task.inputs.all()] == [
        (InputRole.LINK, PUBLIC_LINK)
    ]
    assert task.prepared is False


# --- regions --------------------------------------------------------------------------


def test_a_region_takes_a_mask_as_large_as_its_picture(single: Task) -> None:
    half = data_url(mask((32, 16), (0, 0, 16, 16)))

    task = answer(region_of(single), prompt="a crown", mask=half)

    (kept,) = task.inputs.all()
    assert (kept.role, kept.width, kept.height) == (InputRole.MASK, 64, 32)
    assert (task.prompt_en, task.prepared) == ("a crown", True)
    with Image.open(io.BytesIO(store.read_input(kept.file))) as image:
        assert image.size == (64, 32)
        assert (image.getpixel((0, 0)), image.getpixel((63, 0))) == (255, 0)


def test_a_region_without_words_is_drawn_with_those_of_the_picture(
    single: Task,
) -> None:
    task = answer(region_of(single), mask=MASK)

    assert task.prompt_en == "a red fox --ar 2:1 --v 6.1"


def test_a_mask_alone_is_enough_where_the_picture_has_no_words(single: Task) -> None:
    window = region_of(single, prompt="", prompt_en="", final_prompt="")

    assert answer(window, mask=MASK).prompt_en == ""


def test_a_mask_is_measured_by_itself_where_the_picture_is_not_known(
    alice: User, account: DiscordAccount
) -> None:
    parent = make_single(alice, account, picture_width=None, picture_height=None)

    task = answer(region_of(parent), mask=data_url(mask((10, 90))))

    assert task.inputs.get().height == 90


def test_a_mask_for_another_window_is_left_aside(single: Task) -> None:
    assert not answer(make_window(single, PAN), mask="nonsense").inputs.exists()


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("", "maskBase64不能为空"),
        (" ", "maskBase64不能为空"),
        ("data:image/png;base64,!!!!", "base64格式错误"),
        (data_url(b"<html></html>", "text/html"), "base64格式错误"),
        (PUBLIC_LINK, "base64格式错误"),
        (data_url(picture((64, 32), "black")), "蒙版为空"),
    ],
)
def test_a_wrong_mask_leaves_the_window_open(
    single: Task, unchanged: Block, given: str, text: str
) -> None:
    window = region_of(single)

    with unchanged(), pytest.raises(InvalidRequest) as refused:
        answer(window, prompt="a crown", mask=given)

    assert refused.value.zh == text
    assert answer(window, mask=MASK).status == TaskStatus.NOT_START


# --- refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("x" * 8193, "prompt过长"),
        ("a nude fox", "可能包含敏感词"),
        ("fox --zoom 3", "zoom参数错误"),
        ("fox https://10.0.0.7/x", "链接错误: 不允许访问内网地址"),
        (" ".join(f"{PUBLIC_LINK}?{n}" for n in range(11)), "链接过多"),
    ],
)
def test_a_wrong_prompt_leaves_the_window_open(
    single: Task, unchanged: Block, prompt: str, text: str
) -> None:
    ban("nude")
    window = make_window(single, ZOOM)

    with unchanged(), pytest.raises(Refused) as refused:
        answer(window, prompt=prompt)

    assert refused.value.zh == text


@pytest.mark.parametrize("state", [AccountState.PAUSED, AccountState.INVALID_TOKEN])
def test_an_account_that_is_gone_leaves_the_window_open(
    alice: User, unchanged: Block, state: AccountState
) -> None:
    window = make_window(make_single(alice, make_account(state=state)), PAN)

    with unchanged(), pytest.raises(NoAccount):
        answer(window)


def test_a_full_queue_leaves_the_window_open(alice: User, unchanged: Block) -> None:
    window = make_window(make_single(alice, make_account(max_queue_size=1)), PAN)
    make_task(alice, account=window.account)

    with unchanged(), pytest.raises(QueueFull):
        answer(window)


@pytest.mark.parametrize(
    ("status", "window"),
    [
        *((s, WindowState.EXPECTED) for s in TaskStatus if s is not TaskStatus.MODAL),
        (TaskStatus.SUBMITTED, WindowState.OPEN),
        (TaskStatus.IN_PROGRESS, WindowState.ANSWERED),
        (TaskStatus.NOT_START, WindowState.NONE),
    ],
)
def test_only_a_window_that_waits_can_be_answered(
    single: Task, unchanged: Block, status: TaskStatus, window: WindowState
) -> None:
    task = make_window(single, PAN, status=status, window=window)

    with unchanged(), pytest.raises(InvalidRequest) as refused:
        answer(task)

    assert refused.value.zh == "窗口已提交或已过期"


# --- once -----------------------------------------------------------------------------


def test_the_same_request_again_answers_with_the_same_task(single: Task) -> None:
    window = make_window(single, PAN, idempotency_key="of the press")
    caller = Caller(single.owner, idempotency_key="of the answer")
    first = answer(window, caller=caller, prompt="one")

    again = answer(window, caller=caller, prompt="two")

    assert (again.pk, again.prompt_en) == (first.pk, "one")


def test_a_key_may_serve_for_the_press_and_for_the_answer(single: Task) -> None:
    window = make_window(single, PAN, idempotency_key="k")
    caller = Caller(single.owner, idempotency_key="k")

    tasks = [answer(window, caller=caller) for _ in range(2)]

    assert [task.status for task in tasks] == [TaskStatus.NOT_START] * 2


def test_a_key_does_not_revive_a_window_that_nobody_answered(single: Task) -> None:
    window = make_window(single, PAN, idempotency_key="k")
    fail(window.pk, "expired")

    with pytest.raises(InvalidRequest):
        answer(window, caller=Caller(single.owner, idempotency_key="k"))


def test_a_key_of_another_task_answers_with_that_one(
    single: Task, unchanged: Block
) -> None:
    other = make_task(single.owner, account=single.account, idempotency_key="k")
    window = make_window(single, PAN)

    with unchanged():
        found = answer(window, caller=Caller(single.owner, idempotency_key="k"))

    assert found == other


def test_a_task_that_was_sent_in_between_is_not_called_back(
    single: Task, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = region_of(single)

    def sent_meanwhile(task: Task) -> DiscordAccount:
        Task.objects.filter(pk=window.pk).update(status=TaskStatus.SUBMITTED)
        return owner_or_host(task)

    monkeypatch.setattr(windows, "owner_or_host", sent_meanwhile)

    with pytest.raises(InvalidRequest):
        answer(window, mask=MASK)

    window.refresh_from_db()
    assert (window.status, window.inputs.count()) == (TaskStatus.SUBMITTED, 0)
    assert [path for path in media.rglob("*") if path.is_file()] == []


@pytest.mark.django_db(transaction=True)
def test_of_two_answers_at_once_exactly_one_wins(
    single: Task, media: Path, heard: list[tuple[str, int]]
) -> None:
    window = region_of(single)
    together = Barrier(2)

    def race(prompt: str) -> str:
        together.wait(30)
        try:
            return answer(window, prompt=prompt, mask=MASK).prompt_en
        except InvalidRequest as refused:
            return refused.zh
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(race, ("a crown", "a hat")))

    window.refresh_from_db()
    assert window.status == TaskStatus.NOT_START
    assert sorted(said) == sorted([window.prompt_en, "窗口已提交或已过期"])
    assert window.inputs.count() == 1
    assert [p.name for p in media.rglob("*.png")] == [
        Path(window.inputs.get().file).name
    ]
    assert heard.count(("submitted", window.pk)) == 1
