"""What clients read of limits: headers, codes, texts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import time_machine

from accounts.models import ApiKey, DiscordAccount, User
from tasks.enums import TaskStatus
from tasks.models import Task
from tests.conftest import ApiClient
from tests.factories import make_finished
from tests.tasks.refusals import check_refused

PATH = "/mj/submit/imagine"
NOON = datetime(2026, 3, 30, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 31, tzinfo=UTC)


@pytest.mark.usefixtures("utc")
def test_a_submit_says_what_is_left(
    api: ApiClient, alice: User, account: DiscordAccount
) -> None:
    alice.drawings_a_day = 1
    alice.save()

    with time_machine.travel(NOON, tick=False):
        taken = api.send(PATH, {"prompt": "a red fox"})
        refused = api.send(PATH, {"prompt": "a red fox"})

    assert taken.json()["code"] == 1
    check_refused(
        refused, 4, "用户今日绘图次数已达上限（1张），2026-03-31 00:00 UTC 后可继续"
    )
    assert refused.json()["properties"]["retryAt"] == MIDNIGHT.timestamp() * 1000
    assert refused["Retry-After"] == str(12 * 3600)
    for answer in (taken, refused):
        assert answer["X-RateLimit-Limit"] == "1"
        assert answer["X-RateLimit-Remaining"] == "0"
        assert answer["X-RateLimit-Reset"] == str(int(MIDNIGHT.timestamp()))


def test_without_a_limit_no_header_is_sent(
    api: ApiClient, account: DiscordAccount
) -> None:
    answer = api.send(PATH, {"prompt": "a red fox"})

    assert not [name for name in answer.headers if name.startswith("X-RateLimit")]


def test_a_key_is_known_by_its_drawings(
    api: ApiClient, alice: User, account: DiscordAccount
) -> None:
    key = ApiKey.objects.get(owner=alice)
    key.drawings_in_total = 1
    key.save()

    taken = api.send(PATH, {"prompt": "a red fox"})
    refused = api.send(PATH, {"prompt": "a red fox"})

    assert Task.objects.get().key == key
    assert taken["X-RateLimit-Remaining"] == "0"
    assert "X-RateLimit-Reset" not in taken
    check_refused(refused, 4, "该密钥总绘图次数已达上限（1张）")


def test_a_full_queue_of_the_user_has_its_code(
    api: ApiClient, alice: User, account: DiscordAccount
) -> None:
    alice.waiting_at_once = 1
    alice.save()
    api.send(PATH, {"prompt": "a red fox"})

    refused = api.send(PATH, {"prompt": "a red fox"})

    check_refused(refused, 23, "队列数已达上限（1个），请稍后尝试")


def test_a_speed_in_the_prompt_or_the_address_opens_no_other_speed(
    api: ApiClient, alice: User, account: DiscordAccount
) -> None:
    alice.speeds = ["RELAX"]
    alice.save()

    in_prompt = api.send(PATH, {"prompt": "a red fox --turbo"})
    in_address = api.send(f"/mj-turbo{PATH}", {"prompt": "a red fox"})
    in_filter = api.send(
        PATH, {"prompt": "a red fox", "accountFilter": {"modes": ["TURBO"]}}
    )

    assert in_prompt.json()["code"] == 1
    assert Task.objects.get().mode == "RELAX"
    for answer in (in_address, in_filter):
        check_refused(answer, 4, "账号无权限使用该速度，可用速度：RELAX")


def test_buttons_count_too(
    api: ApiClient, alice: User, account: DiscordAccount
) -> None:
    alice.drawings_a_month = 5
    alice.save()
    parent = make_finished(alice, account=account)

    answer = api.send(
        "/mj/submit/change", {"taskId": str(parent.pk), "action": "REROLL"}
    )

    assert answer["X-RateLimit-Remaining"] == "4"
    assert Task.objects.get(status=TaskStatus.NOT_START).counted_on is not None
