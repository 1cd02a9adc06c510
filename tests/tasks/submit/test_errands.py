from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from accounts.models import DiscordAccount, User
from tasks.enums import ErrandKind, ErrandState, InputRole
from tasks.exceptions import InvalidRequest, NoAccount, ParentNotFound
from tasks.models import Errand
from tasks.submit.account import Wanted
from tasks.submit.errands import (
    MAX_UPLOADS,
    submit_press,
    submit_seed,
    submit_uploads,
)
from tasks.submit.row import Caller
from tests.factories import make_account, make_finished, make_task
from tests.pictures import data_url, picture
from tests.tasks.parents import BOOKMARK, make_single
from tests.tasks.refusals import OFFICIAL_LINK, PUBLIC_LINK, Block

pytestmark = pytest.mark.usefixtures("names", "media")
PICTURE = data_url(picture())


def test_pictures_are_handed_on_in_their_order(
    alice: User, account: DiscordAccount, media: Path
) -> None:
    given = [PICTURE, PUBLIC_LINK, OFFICIAL_LINK]

    errand = submit_uploads(caller=Caller(alice), pictures=given)

    brought = list(errand.inputs.all())
    assert (errand.kind, errand.state) == (ErrandKind.UPLOAD, ErrandState.WAITING)
    assert (errand.owner, errand.account, errand.task) == (alice, account, None)
    assert [(p.role, p.position) for p in brought] == [
        (InputRole.PROMPT, n) for n in range(3)
    ]
    assert [p.source_url for p in brought] == ["", PUBLIC_LINK, OFFICIAL_LINK]
    assert [p.link for p in brought] == ["", "", OFFICIAL_LINK]
    assert (media / brought[0].file).read_bytes() == picture()


def test_an_upload_goes_to_the_account_that_is_named(alice: User) -> None:
    make_account(core_size=12)
    named = make_account(core_size=1)
    wanted = Wanted(instance_id=named.channel_id)

    errand = submit_uploads(caller=Caller(alice), pictures=[PICTURE], wanted=wanted)

    assert errand.account == named


@pytest.mark.parametrize(
    ("wanted", "fields"),
    [
        (Wanted(remark="night"), {"remark": "the night shift"}),
        (Wanted(modes=("RELAX",)), {"mode": "RELAX"}),
        (Wanted(remix=False), {"mj_remix_on": False}),
        (Wanted(niji_remix=False), {"niji_remix_on": False}),
        (Wanted(remix_auto_considered=True), {"remix_auto_submit": True}),
    ],
)
def test_an_upload_goes_to_an_account_of_the_wanted_kind(
    alice: User, wanted: Wanted, fields: dict[str, Any]
) -> None:
    other = {"mode": "FAST", "mj_remix_on": True, "niji_remix_on": True}
    for _ in range(3):
        make_account(core_size=12, **other)
    fitting = make_account(core_size=1, **(other | fields))
    caller = Caller(alice)

    errand = submit_uploads(caller=caller, pictures=[PICTURE], wanted=wanted)

    assert errand.account == fitting


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(instance_id="77"),
        Wanted(remark="night"),
        Wanted(modes=("FAST",)),
        Wanted(remix=False),
        Wanted(remix_auto_considered=True),
    ],
)
def test_what_no_account_fulfils_uploads_nothing(
    alice: User, unchanged: Block, wanted: Wanted
) -> None:
    make_account(mode="RELAX", mj_remix_on=True)

    with unchanged(), pytest.raises(InvalidRequest) as refused:
        submit_uploads(caller=Caller(alice), pictures=[PICTURE], wanted=wanted)

    assert refused.value.zh == "实例不存在或不可用"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ([], "base64 参数错误"),
        ([PICTURE, ""], "base64 参数错误"),
        ([None, PICTURE], "base64 参数错误"),
        ([PICTURE] * (MAX_UPLOADS + 1), "图片过多"),
        ([PICTURE, "x"], "base64格式错误"),
    ],
)
def test_a_list_that_is_wrong_anywhere_is_refused_as_a_whole(
    alice: User,
    account: DiscordAccount,
    unchanged: Block,
    given: list[str | None],
    text: str,
) -> None:
    with unchanged(), pytest.raises(InvalidRequest) as refused:
        submit_uploads(caller=Caller(alice), pictures=given)

    assert refused.value.zh == text


def test_without_an_account_nothing_is_uploaded(alice: User, unchanged: Block) -> None:
    make_account(enabled=False)

    with unchanged(), pytest.raises(InvalidRequest) as refused:
        submit_uploads(caller=Caller(alice), pictures=[PICTURE])

    assert refused.value.zh == "实例不存在或不可用"


def test_a_bookmark_is_pressed_on_the_parents_message(
    alice: User, account: DiscordAccount
) -> None:
    parent = make_single(alice, account)

    errand = submit_press(
        caller=Caller(alice), task_id=parent.pk, custom_id="MJ::BOOKMARK::2"
    )

    assert (errand.kind, errand.task) == (ErrandKind.PRESS, parent)
    assert (errand.account, errand.custom_id) == (account, BOOKMARK)


def test_a_button_that_is_not_there_is_not_pressed(
    alice: User, account: DiscordAccount, unchanged: Block
) -> None:
    parent = make_finished(alice, account=account)

    with unchanged(), pytest.raises(InvalidRequest):
        submit_press(caller=Caller(alice), task_id=parent.pk, custom_id=BOOKMARK)


def test_anothers_picture_is_not_marked(
    alice: User, bob: User, account: DiscordAccount, unchanged: Block
) -> None:
    parent = make_single(alice, account)

    with unchanged(), pytest.raises(ParentNotFound):
        submit_press(caller=Caller(bob), task_id=parent.pk, custom_id=BOOKMARK)


def test_an_unfinished_picture_is_not_marked(
    alice: User, account: DiscordAccount, unchanged: Block
) -> None:
    parent = make_task(alice, account=account)

    with unchanged(), pytest.raises(InvalidRequest):
        submit_press(caller=Caller(alice), task_id=parent.pk, custom_id=BOOKMARK)


def test_the_seed_is_asked_for_at_the_tasks_own_account(
    alice: User, account: DiscordAccount
) -> None:
    make_account(core_size=12)
    task = make_finished(alice, account=account)

    errand = submit_seed(caller=Caller(alice), task=task)

    assert (errand.kind, errand.task) == (ErrandKind.SEED, task)
    assert errand.account == account


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_seed_of_an_account_that_is_gone_is_not_asked_for(
    alice: User, unchanged: Block, is_gone: bool
) -> None:
    account = None if is_gone else make_account(enabled=False)
    task = make_finished(alice, account=account)

    with unchanged(), pytest.raises(NoAccount):
        submit_seed(caller=Caller(alice), task=task)

    assert not Errand.objects.exists()
