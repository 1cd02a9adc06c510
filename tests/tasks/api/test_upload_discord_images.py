from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from accounts.editing.save import delete_account
from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from tasks.api import errand_views
from tasks.enums import ErrandKind, ErrandState
from tasks.errands import finish, give_up
from tasks.models import Errand, Task
from tests.conftest import ApiClient
from tests.factories import make_account
from tests.pictures import bare, data_url, picture
from tests.tasks.api.streams import ask, gateway, read, read_while
from tests.tasks.refusals import (
    BAD_PICTURES,
    OFFICIAL_LINK,
    PUBLIC_LINK,
    Block,
    check_refused,
)

pytestmark = pytest.mark.usefixtures("names", "media")
PATH = "/mj/submit/upload-discord-images"
PICTURE = data_url(picture())
LINKS = ["https://cdn.discordapp.com/a/1.png", "https://cdn.discordapp.com/a/2.png"]
committed = pytest.mark.django_db(transaction=True)


# --- answered by what Discord says ----------------------------------------------------


@committed
@pytest.mark.parametrize("prefix", ["/mj", "/mj-fast/mj"])
async def test_the_links_come_in_the_order_of_the_pictures(
    alice: User, account: DiscordAccount, prefix: str
) -> None:
    path = PATH.replace("/mj", prefix, 1)
    with gateway(lambda errand: finish(errand.pk, LINKS)) as run:
        response = await ask(path, {"base64Array": [PICTURE, bare(picture())]})

    said = await read(response)

    assert said == {
        "code": 1,
        "description": "提交成功",
        "result": LINKS,
        "properties": {},
    }
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "no-store"
    assert [errand.kind for errand in run] == [ErrandKind.UPLOAD]
    assert run[0].owner_id == alice.pk


@committed
async def test_the_answer_waits_until_the_pictures_are_there(
    alice: User, account: DiscordAccount
) -> None:
    response = await ask(PATH, {"base64Array": [PICTURE]})
    errand = await Errand.objects.aget()
    assert errand.state == ErrandState.WAITING

    said = await read_while(response, finish, errand.pk, LINKS[:1])

    assert said["result"] == LINKS[:1]


@committed
async def test_what_cannot_be_uploaded_is_told_in_both_languages(
    alice: User, account: DiscordAccount
) -> None:
    with gateway(lambda errand: give_up(errand.pk, "文件过大", "too large")):
        response = await ask(PATH, {"base64Array": [PUBLIC_LINK]})

    assert await read(response) == {
        "code": 4,
        "description": "文件过大",
        "result": None,
        "properties": {"descriptionEn": "too large"},
    }


@committed
async def test_who_waits_is_told_that_the_account_was_deleted(
    alice: User, account: DiscordAccount
) -> None:
    response = await ask(PATH, {"base64Array": [PICTURE]})

    said = await read_while(response, delete_account, account)

    assert (said["code"], said["description"]) == (4, "账号已被删除")


@committed
async def test_what_takes_too_long_is_a_failure(
    alice: User, account: DiscordAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errand_views, "UPLOAD_SECONDS", 0)

    said = await read(await ask(PATH, {"base64Array": [PICTURE]}))

    assert (said["code"], said["result"]) == (9, None)
    assert said["description"] == "上传图片到discord失败"
    assert said["properties"]["descriptionEn"]


@committed
async def test_it_goes_to_the_account_that_is_named_and_makes_no_task(
    alice: User, media: Path
) -> None:
    accounts = [await sync_to_async(make_account)(core_size=n) for n in (12, 1)]
    wish = {"instanceId": accounts[1].channel_id}
    body = {"base64Array": [PICTURE, OFFICIAL_LINK], "accountFilter": wish}

    kept: list[Path] = []

    def upload(errand: Errand) -> None:
        kept.extend((media / ".inputs").rglob("*.png"))
        finish(errand.pk, LINKS)

    with gateway(upload) as run:
        await read(await ask(PATH, body))

    assert run[0].account_id == accounts[1].pk
    assert len(kept) == 1
    assert not kept[0].exists()
    assert not await Task.objects.aexists()


@committed
async def test_the_filter_says_which_kind_of_account_uploads(alice: User) -> None:
    for remark in ("day", "the night shift", "day"):
        await sync_to_async(make_account)(remark=remark, mode="RELAX")
    alice.is_staff = True  # others choose nothing by a remark
    await alice.asave()
    wish = {"remark": "night", "modes": ["RELAX"]}
    path = PATH.replace("/mj", "/mj-fast/mj", 1)  # a speed draws nothing here

    with gateway(lambda errand: finish(errand.pk, LINKS)) as run:
        await read(await ask(path, {"base64Array": [PICTURE], "accountFilter": wish}))

    chosen = await DiscordAccount.objects.aget(remark="the night shift")
    assert run[0].account_id == chosen.pk


# --- refused at once ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (None, "base64 参数错误"),
        ([], "base64 参数错误"),
        ([""], "base64 参数错误"),
        ([PICTURE, None], "base64 参数错误"),
        ([PICTURE] * 11, "图片过多"),
        *(([PICTURE, bad], text) for bad, text in BAD_PICTURES.items()),
    ],
    ids=lambda value: str(value)[-40:],
)
def test_what_is_no_list_of_pictures_is_refused(
    api: ApiClient, account: DiscordAccount, unchanged: Block, given: Any, text: str
) -> None:
    with unchanged():
        answer = api.send(PATH, {"base64Array": given})

    check_refused(answer, 4, text)


@pytest.mark.parametrize("state", [AccountState.PAUSED, AccountState.DISABLED])
def test_without_an_account_it_is_code_4(
    api: ApiClient, unchanged: Block, state: AccountState
) -> None:
    make_account(state=state)

    with unchanged():
        answer = api.send(PATH, {"base64Array": [PICTURE]})

    check_refused(answer, 4, "实例不存在或不可用")


@pytest.mark.parametrize("given", ["x", {}, [[]], [{}], 7])
def test_a_wrong_type_is_an_envelope(
    api: ApiClient, account: DiscordAccount, unchanged: Block, given: Any
) -> None:
    with unchanged():
        answer = api.send(PATH, {"base64Array": given})

    assert (answer.status_code, answer.json()["code"]) == (200, -1)


def test_a_stranger_uploads_nothing(stranger: ApiClient, unchanged: Block) -> None:
    with unchanged():
        assert stranger.send(PATH, {"base64Array": [PICTURE]}).status_code == 401
