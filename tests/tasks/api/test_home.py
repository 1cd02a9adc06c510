from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import AccessSettings, User
from accounts.people.keys import GUEST_NAME
from mjproxy.lib.ids import first_task_id_of
from tasks.api import home_view
from tests.conftest import ApiClient
from tests.factories import make_task, make_user

PATH = "/mj/home"


@pytest.fixture
def three_days(alice: User) -> None:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    for number, days in enumerate((0, 1, 1, 2)):
        make_task(alice, id=first_task_id_of(midnight - timedelta(days=days)) + number)


@pytest.mark.usefixtures("three_days")
def test_tasks_are_counted_by_day(operator_api: ApiClient) -> None:
    said = operator_api.get(PATH).json()["data"]

    assert (said["todayDraw"], said["yesterdayDraw"], said["totalDraw"]) == (1, 2, 4)


def test_they_are_counted_once_in_some_seconds(
    operator_api: ApiClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    AccessSettings.get_solo()
    operator_api.get(PATH)

    with django_assert_num_queries(0):
        operator_api.get(PATH)


@pytest.mark.usefixtures("three_days")
def test_without_a_cache_they_are_counted_each_time(operator_api: ApiClient) -> None:
    with patch.object(home_view, "cache") as broken:
        broken.get_or_set.side_effect = OSError("Redis is away")
        said = operator_api.get(PATH).json()["data"]

    assert said["totalDraw"] == 4


PUBLIC = {"name", "version", "notify", "isRegister", "isGuest", "isDemoMode", "tops"}


@pytest.mark.usefixtures("three_days")
@pytest.mark.parametrize("who", ["stranger", "api", "bob_api"])
def test_anybody_learns_who_is_let_in_and_no_more(
    request: pytest.FixtureRequest, who: str
) -> None:
    client: ApiClient = request.getfixturevalue(who)
    settings = AccessSettings(announcement="Closed on Sunday.")
    settings.save()

    for path in (PATH, "/mj-fast/mj/home", "/mj/home/"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["success"]) == (200, True)
        data = answer.json()["data"]
        assert set(data) == PUBLIC
        assert (data["notify"], data["tops"]) == ("Closed on Sunday.", {})
        assert (data["name"], data["isGuest"], data["isRegister"]) == (
            "mjproxy",
            False,
            False,
        )


def test_guests_learn_that_they_are_let_in(stranger: ApiClient) -> None:
    AccessSettings(allow_without_key=True).save()
    make_user(GUEST_NAME)

    data = stranger.get(PATH).json()["data"]

    assert (data["isGuest"], set(data)) == (True, PUBLIC)


@pytest.mark.usefixtures("three_days")
@pytest.mark.parametrize(
    "headers", [{"mj-api-secret": ""}, {"Authorization": "Bearer x"}]
)
def test_a_key_that_is_of_no_use_is_none(
    stranger: ApiClient, headers: dict[str, str]
) -> None:
    answer = stranger.get(PATH, headers=headers)

    assert (answer.status_code, set(answer.json()["data"])) == (200, PUBLIC)


def test_an_operator_who_was_shut_out_is_anybody(
    operator_api: ApiClient, operator: User
) -> None:
    User.objects.filter(pk=operator.pk).update(is_active=False)

    answer = operator_api.get(PATH)

    assert (answer.status_code, set(answer.json()["data"])) == (200, PUBLIC)


def test_an_operator_sees_from_where_most_was_asked_for_today(
    operator_api: ApiClient, alice: User
) -> None:
    for address in ("203.0.113.7", "203.0.113.7", "198.51.100.1", "2001:db8::1", None):
        make_task(alice, client_ip=address)

    tops = operator_api.get(PATH).json()["data"]["tops"]

    assert tops == {"203.0.x.x": 2, "198.51.x.x": 1, "2001:db8:x:x": 1}
    assert next(iter(tops)) == "203.0.x.x"


def test_the_settings_say_how_many_addresses_and_whether_in_full(
    operator_api: ApiClient, alice: User
) -> None:
    for address in ("203.0.113.7", "203.0.113.7", "198.51.100.1"):
        make_task(alice, client_ip=address)
    before = operator_api.get(PATH).json()["data"]["tops"]

    AccessSettings(home_addresses=1, home_whole_addresses=True).save()

    assert before == {"203.0.x.x": 2, "198.51.x.x": 1}
    assert operator_api.get(PATH).json()["data"]["tops"] == {"203.0.113.7": 2}


@pytest.mark.parametrize("text", ["<b>x</b>", "a > b"])
def test_an_announcement_is_plain_text(text: str) -> None:
    with pytest.raises(ValidationError):
        AccessSettings(announcement=text).full_clean()
