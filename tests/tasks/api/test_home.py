from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.core.cache import cache
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from tasks.api import home_view
from tasks.ids import first_id_at
from tests.conftest import ApiClient
from tests.factories import make_task

PATH = "/mj/home"


@pytest.fixture(autouse=True)
def _fresh_counts() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def three_days(alice: User) -> None:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    for number, days in enumerate((0, 1, 1, 2)):
        make_task(alice, id=first_id_at(midnight - timedelta(days=days)) + number)


@pytest.mark.usefixtures("three_days")
def test_tasks_are_counted_by_day(operator_api: ApiClient) -> None:
    said = operator_api.get(PATH).json()["data"]

    assert (said["todayDraw"], said["yesterdayDraw"], said["totalDraw"]) == (1, 2, 4)


def test_they_are_counted_once_in_some_seconds(
    operator_api: ApiClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    operator_api.get(PATH)

    with django_assert_num_queries(1):  # who asks
        operator_api.get(PATH)


@pytest.mark.usefixtures("three_days")
def test_without_a_cache_they_are_counted_each_time(operator_api: ApiClient) -> None:
    with patch.object(home_view, "cache") as broken:
        broken.get_or_set.side_effect = OSError("Redis is away")
        said = operator_api.get(PATH).json()["data"]

    assert said["totalDraw"] == 4
