"""Guests at one address have so many drawings a day."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.limits import guests
from accounts.models import AccessSettings, DiscordAccount, User
from accounts.people.users import ensure_operator
from tasks.enums import ReturnCode, TaskStatus
from tasks.models import Task
from tasks.services import advance, cancel, fail
from tests.conftest import ApiClient

pytestmark = pytest.mark.usefixtures("names", "media", "account")


@pytest.fixture(autouse=True)
def _two_a_day(db: None) -> None:
    ensure_operator()
    access = AccessSettings.get_solo()
    access.allow_without_key = True
    access.guest_drawings_a_day = 2
    access.save()


def draw(client: ApiClient, address: str = "1.2.3.4", prompt: str = "a fox") -> Any:
    path = "/mj/submit/imagine"
    return client.send(path, {"prompt": prompt}, REMOTE_ADDR=address)


def test_the_next_one_is_refused_with_the_time_when_it_is_possible_again(
    stranger: ApiClient,
) -> None:
    accepted = [draw(stranger).json()["code"] for _ in range(2)]

    refused = draw(stranger)

    said = refused.json()
    assert set(accepted) <= {ReturnCode.SUCCESS, ReturnCode.IN_QUEUE}
    assert said["code"] == ReturnCode.VALIDATION_ERROR
    assert said["description"].startswith("访客今日绘图次数已达上限")
    assert said["properties"]["descriptionEn"].startswith("The drawings of guests")
    assert int(refused["Retry-After"]) > 0
    assert Task.objects.count() == 2
    assert draw(stranger, "1.2.3.5").json()["result"]


def test_a_forged_header_changes_nothing(stranger: ApiClient) -> None:
    for _ in range(2):
        draw(stranger)
    headers = {"X-Forwarded-For": "9.9.9.9", "X-Real-IP": "9.9.9.9"}

    said = stranger.send(
        "/mj/submit/imagine",
        {"prompt": "a fox"},
        REMOTE_ADDR="1.2.3.4",
        headers=headers,
    ).json()

    assert said["code"] == ReturnCode.VALIDATION_ERROR


def test_users_at_that_address_are_not_counted(
    stranger: ApiClient, api: ApiClient, alice: User
) -> None:
    for client in (stranger, api, stranger, api):
        assert draw(client).json()["result"]

    assert draw(api).json()["result"]
    assert not draw(stranger).json()["result"]


def test_what_is_refused_is_not_counted(stranger: ApiClient) -> None:
    for prompt in ("", " ", "a" * 9000):
        draw(stranger, prompt=prompt)

    assert guests.drawn("1.2.3.4", timezone.localdate()) == 0


def test_what_midjourney_never_began_does_not_count(stranger: ApiClient) -> None:
    for _ in range(2):
        draw(stranger)
    first, second = Task.objects.order_by("pk")

    cancel(first)
    fail(second.pk, "no account")
    fail(second.pk, "no account")

    assert guests.drawn("1.2.3.4", timezone.localdate()) == 0
    assert draw(stranger).json()["result"]


def test_what_was_begun_counts(stranger: ApiClient, account: DiscordAccount) -> None:
    draw(stranger)
    task = Task.objects.get()
    advance(task.pk, TaskStatus.SUBMITTED)
    advance(task.pk, TaskStatus.IN_PROGRESS, progress=10)

    fail(task.pk, "it broke")

    assert guests.drawn("1.2.3.4", timezone.localdate()) == 1
