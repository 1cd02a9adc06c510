"""The member accountFilter, which all submits of new drawings understand alike."""

from __future__ import annotations

from typing import Any, Final

import pytest

from accounts.models import DiscordAccount
from tasks.models import Task
from tests.conftest import ApiClient
from tests.factories import make_account
from tests.pictures import data_url, picture
from tests.tasks.refusals import Block, check_refused

pytestmark = pytest.mark.usefixtures("names", "media")
PICTURE: Final = data_url(picture())
BODIES: Final[dict[str, dict[str, Any]]] = {
    "imagine": {"prompt": "fox"},
    "blend": {"base64Array": [PICTURE, PICTURE]},
    "describe": {"base64": PICTURE},
    "shorten": {"prompt": "fox"},
    "video": {"prompt": "fox", "image": PICTURE},
}


def draw(api: ApiClient, wish: Any, name: str = "imagine", prefix: str = "/mj") -> Any:
    body = BODIES[name] | {"accountFilter": wish}
    return api.send(f"{prefix}/submit/{name}", body)


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("member", ["instanceId", "channelId", "INSTANCEID"])
def test_the_named_account_draws(api: ApiClient, name: str, member: str) -> None:
    make_account(core_size=12)
    named = make_account(core_size=1)

    said = draw(api, {member: named.channel_id}, name).json()

    assert said["properties"]["discordInstanceId"] == named.channel_id
    assert Task.objects.get().account == named


def test_an_instance_counts_more_than_a_channel(api: ApiClient) -> None:
    named, other = make_account(), make_account()

    draw(api, {"instanceId": named.channel_id, "channelId": other.channel_id})

    assert Task.objects.get().account == named


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize(
    ("wish", "reason", "why"),
    [
        ({"instanceId": "77"}, "instance", "没有该频道的账号"),
        ({"remark": "green"}, "remark", "没有符合备注的账号"),
        ({"modes": ["FAST"]}, "speed", "没有账号可用 FAST 速度"),
        ({"remixAutoConsidered": True}, "remix", "没有账号符合所要的 remix 设置"),
        ({"remix": False}, "remix", "没有账号符合所要的 remix 设置"),
        ({"nijiRemix": False}, "remix", "没有账号符合所要的 remix 设置"),
    ],
    ids=str,
)
def test_a_wish_that_nobody_can_fulfil_is_no_account(
    api: ApiClient,
    operator_api: ApiClient,
    unchanged: Block,
    name: str,
    wish: dict[str, Any],
    reason: str,
    why: str,
) -> None:
    make_account(mode="RELAX", remark="team red", mj_remix_on=True, niji_remix_on=True)
    asking = operator_api if "remark" in wish else api  # others choose nothing by it

    with unchanged():
        answer = draw(asking, wish, name)

    check_refused(answer, 3, f"无可用的账号实例：{why}")
    assert answer.json()["properties"]["reason"] == reason
    assert "team red" not in answer.content.decode()


@pytest.mark.parametrize(
    "wish",
    [
        {"remark": "red"},
        {"modes": ["TURBO", "relax"]},
        {"modes": [0]},
        {"remix": True, "nijiRemix": True},
        {"remix": None, "modes": None, "remark": None},
        {"remixAutoConsidered": False},
        {"remixAutoConsidered": "false", "remix": "true"},
    ],
    ids=str,
)
def test_a_wish_that_can_be_fulfilled_is(api: ApiClient, wish: dict[str, Any]) -> None:
    make_account(mode="RELAX", remark="team red", mj_remix_on=True, niji_remix_on=True)

    assert draw(api, wish).json()["code"] == 1


@pytest.mark.parametrize("name", ["imagine", "blend", "describe", "shorten", "video"])
def test_the_first_speed_that_can_be_given_is_drawn_with(
    api: ApiClient, name: str
) -> None:
    make_account(allow_modes=["RELAX", "TURBO"])

    draw(api, {"modes": ["FAST", "TURBO", "RELAX"]}, name)

    assert Task.objects.get().mode == "TURBO"


@pytest.mark.parametrize(
    ("prefix", "found", "mode"),
    [("/mj-fast/mj", 1, "FAST"), ("/mj-relax/mj", 3, None)],
)
def test_a_prefix_counts_more_than_the_modes(
    api: ApiClient, prefix: str, found: int, mode: str | None
) -> None:
    make_account(mode="FAST")

    said = draw(api, {"modes": ["FAST", "RELAX"]}, prefix=prefix).json()

    assert said["code"] == found
    assert (task.mode if (task := Task.objects.first()) else None) == mode


def test_it_comes_back_in_the_task(api: ApiClient, account: DiscordAccount) -> None:
    wish = {"instanceId": account.channel_id, "modes": ["fast"], "unknown": 1}

    result = draw(api, wish).json()["result"]

    said = api.get(f"/mj/task/{result}/fetch").json()["accountFilter"]
    assert (said["instanceId"], said["modes"]) == (account.channel_id, ["FAST"])


def test_no_filter_comes_back_as_none(api: ApiClient, account: DiscordAccount) -> None:
    result = draw(api, None).json()["result"]

    assert api.get(f"/mj/task/{result}/fetch").json()["accountFilter"] is None


@pytest.mark.parametrize(
    "wish",
    [
        [],
        "x",
        {"modes": ["SLOW"]},
        {"modes": "FAST"},
        {"modes": [9]},
        {"remix": "perhaps"},
        {"instanceId": 7},
        {"remark": []},
    ],
    ids=str,
)
def test_a_wrong_type_is_an_envelope(
    api: ApiClient, account: DiscordAccount, unchanged: Block, wish: Any
) -> None:
    with unchanged():
        answer = draw(api, wish)

    said = answer.json()
    assert (answer.status_code, said["code"], said["success"]) == (200, -1, False)
