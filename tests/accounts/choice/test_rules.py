from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import product
from typing import Any

import pytest
from time_machine import travel

from accounts.choice.pool_settings import pool
from accounts.choice.rules import Need, draws_new_now, rules
from accounts.models import DiscordAccount
from tests.factories import make_account

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TODAY, YESTERDAY = date(2026, 3, 1), date(2026, 2, 28)


@pytest.mark.django_db
def test_hours_and_day_limit_are_the_same_in_sql_and_for_a_row(settings: Any) -> None:
    settings.TIME_ZONE = "UTC"
    hours, limits = ("", "09:00-17:00", "13:00-14:00"), (-1, 0, 1, 2)
    days = ((None, 0), (YESTERDAY, 5), (TODAY, 1))
    for work_time, limit, (day, count), idle in product(
        hours, limits, days, (False, True)
    ):
        drawn = {"day": day, "day_draw_count": count}
        more: dict[str, Any] = {"is_fishing": idle, "day_draw_limit": limit} | drawn
        make_account(work_time=work_time, **more)

    with travel(NOON, tick=False):
        need = Need(day=TODAY, closed=pool().closed)
        chosen = DiscordAccount.objects.all()
        for rule in rules(need):
            chosen = chosen.filter(rule.holds)
        by_row = {it.pk for it in DiscordAccount.objects.all() if draws_new_now(it)}

    assert {it.pk for it in chosen} == by_row
    assert by_row
