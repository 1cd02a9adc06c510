from __future__ import annotations

from typing import Any

import pytest

from accounts.models import DiscordAccount, User
from tasks.enums import TaskStatus
from tests.conftest import ApiClient
from tests.factories import make_finished, make_task


def test_it_answers_the_task_as_it_is_now(
    api: ApiClient, alice: User, account: DiscordAccount
) -> None:
    task = make_task(alice, account=account, status=TaskStatus.IN_PROGRESS, progress=31)

    answer = api.get(f"/mj/task/{task.pk}/fetch")

    said = answer.json()
    assert answer["Content-Type"] == "application/json"
    assert (said["id"], said["status"]) == (str(task.pk), "IN_PROGRESS")
    assert (said["progress"], said["action"]) == ("31%", "IMAGINE")
    assert said["displays"]["discordInstanceId"] == account.channel_id


def test_picture_links_begin_where_the_caller_came_in(
    api: ApiClient, alice: User
) -> None:
    task = make_finished(alice)

    said = api.get(f"/mj/task/{task.pk}/fetch", HTTP_HOST="localhost:9000").json()

    assert said["imageUrl"] == (
        f"http://localhost:9000/images/{task.pk}/{task.picture_key}.png"
    )


@pytest.mark.parametrize("task_id", ["1", "abc", "9" * 40, "-1", "%00", "١٢", "1e3"])
def test_an_unknown_task_is_204_without_a_body(api: ApiClient, task_id: str) -> None:
    answer = api.get(f"/mj/task/{task_id}/fetch")

    assert (answer.status_code, answer.content) == (204, b"")


def test_anothers_task_is_unknown(bob_api: ApiClient, alice: User) -> None:
    task = make_task(alice)

    assert bob_api.get(f"/mj/task/{task.pk}/fetch").status_code == 204


def test_an_operator_sees_every_task(operator_api: ApiClient, alice: User) -> None:
    task = make_task(alice)

    assert operator_api.get(f"/mj/task/{task.pk}/fetch").json()["id"] == str(task.pk)


@pytest.mark.parametrize("prefix", ["/mj-fast/mj", "/mj-relax/mj", "/mj-turbo/mj"])
def test_the_prefix_does_not_matter(api: ApiClient, alice: User, prefix: str) -> None:
    task = make_task(alice)

    assert api.get(f"{prefix}/task/{task.pk}/fetch").json()["id"] == str(task.pk)


@pytest.mark.parametrize("body", ["{}", "null", "{broken"])
def test_a_body_makes_no_difference(api: ApiClient, alice: User, body: str) -> None:
    task = make_task(alice)

    answer = api.generic("GET", f"/mj/task/{task.pk}/fetch", body, "application/json")

    assert answer.json()["id"] == str(task.pk)


@pytest.mark.parametrize("status", [s for s in TaskStatus if s != "NOT_START"])
def test_a_look_costs_one_query(
    api: ApiClient,
    alice: User,
    account: DiscordAccount,
    django_assert_num_queries: Any,
    status: TaskStatus,
    memory: None,
) -> None:
    task = make_task(alice, account=account, status=status)
    api.get("/mj/task/1/fetch")

    with django_assert_num_queries(1):
        api.get(f"/mj/task/{task.pk}/fetch")


def test_a_look_at_what_waits_costs_a_few_more_however_many_wait(
    api: ApiClient, alice: User, account: DiscordAccount, django_assert_num_queries: Any
) -> None:
    make_finished(alice, account=account)
    tasks = [make_task(alice, account=account) for _ in range(20)]
    api.get(f"/mj/task/{tasks[0].pk}/fetch")  # the median is kept until the next one

    with django_assert_num_queries(4):
        api.get(f"/mj/task/{tasks[-1].pk}/fetch")


def test_every_user_gets_their_own_answer_from_the_kept_query(
    api: ApiClient, bob_api: ApiClient, alice: User, bob: User
) -> None:
    mine, theirs = make_task(alice), make_task(bob)

    found = [
        client.get(f"/mj/task/{task.pk}/fetch").status_code
        for client, task in [(api, mine), (bob_api, theirs), (api, theirs)]
    ]

    assert found == [200, 200, 204]


def test_another_verb_is_405_as_json(api: ApiClient) -> None:
    answer = api.delete("/mj/task/1/fetch")

    assert (answer.status_code, answer.json()["success"]) == (405, False)
