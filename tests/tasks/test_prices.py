from __future__ import annotations

from typing import Any

import pytest

from accounts.models import DiscordAccount, User
from tasks import prices
from tasks.enums import BotType, TaskAction
from tasks.models import Price, Task
from tests.factories import make_account, make_task

pytestmark = pytest.mark.django_db


def price(credits: int, action: str = "", speed: str = "", bot: str = "") -> Price:
    return Price.objects.create(action=action, speed=speed, bot=bot, credits=credits)


def test_without_prices_everything_is_free(alice: User) -> None:
    assert prices.price_of(make_task(alice)) == 0
    assert prices.lowest(alice, TaskAction.IMAGINE) == 0


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([(1, "", "", "")], 1),
        ([(1, "", "", ""), (2, "IMAGINE", "", "")], 2),
        ([(2, "IMAGINE", "", ""), (0, "", "", "")], 2),
        ([(1, "", "FAST", ""), (2, "IMAGINE", "", "")], 2),
        ([(1, "", "", "MID_JOURNEY"), (2, "", "FAST", "")], 2),
        ([(1, "", "FAST", "MID_JOURNEY"), (2, "IMAGINE", "", "")], 1),
        ([(1, "IMAGINE", "", "MID_JOURNEY"), (2, "IMAGINE", "FAST", "")], 2),
        ([(9, "VIDEO", "", ""), (9, "", "RELAX", ""), (9, "", "", "NIJI_JOURNEY")], 0),
        ([(5, "", "", ""), (0, "IMAGINE", "FAST", "MID_JOURNEY")], 0),
    ],
)
def test_the_most_specific_price_counts(
    alice: User, rows: list[tuple[int, str, str, str]], found: int
) -> None:
    for row in rows:
        price(*row)

    assert prices.price_of(make_task(alice, mode="FAST")) == found


@pytest.mark.parametrize(
    ("of_account", "of_task", "speed"),
    [
        ({}, {}, "FAST"),
        ({}, {"mode": "RELAX"}, "RELAX"),
        ({}, {"prompt_en": "a fox --turbo"}, "TURBO"),
        ({}, {"prompt_en": "a fox --turbo", "mode": "RELAX"}, "RELAX"),
        ({}, {"prompt_en": "a fox --fast --relax"}, "RELAX"),
        ({}, {"prompt_en": "https://x.test/--turbo a fox"}, "FAST"),
        ({"mode": "RELAX"}, {"prompt_en": "a fox --turbo"}, "RELAX"),
        ({"allow_modes": ["RELAX"]}, {"prompt_en": "a fox --turbo"}, "FAST"),
        ({"fast_exhausted": True}, {"mode": "FAST"}, "RELAX"),
        ({}, {"action": "DESCRIBE", "prompt_en": "--turbo"}, "FAST"),
        ({"mode": "TURBO"}, {"action": "DESCRIBE"}, "TURBO"),
        ({}, {"custom_id": "x", "prompt_en": "--turbo", "mode": "RELAX"}, "RELAX"),
    ],
)
def test_the_speed_is_the_one_that_is_sent(
    alice: User, of_account: dict[str, Any], of_task: dict[str, Any], speed: str
) -> None:
    task = make_task(alice, account=make_account(**of_account), **of_task)

    assert prices.speed_of(task) == speed


def test_operators_pay_nothing(operator: User, account: DiscordAccount) -> None:
    price(5)

    assert prices.price_of(make_task(operator, account=account)) == 0
    assert prices.lowest(operator, TaskAction.IMAGINE) == 0


def test_the_lowest_price_is_that_of_some_speed_and_bot(alice: User) -> None:
    price(9)
    price(4, speed="RELAX")
    price(1, action="VIDEO", bot=BotType.NIJI_JOURNEY)

    assert prices.lowest(alice, TaskAction.IMAGINE) == 4
    assert prices.lowest(alice, TaskAction.VIDEO) == 1


def test_an_edited_price_counts_at_once(alice: User) -> None:
    row = price(5)
    task: Task = make_task(alice)
    assert prices.price_of(task) == 5

    row.credits = 6
    row.save()

    assert prices.price_of(task) == 6
