from __future__ import annotations

from typing import Any

import pytest

from accounts.models import DiscordAccount, User
from tasks.api.shapes.forms import MAX_IDS
from tasks.enums import TaskStatus
from tests.conftest import ApiClient
from tests.factories import make_finished, make_task

BY_ID = ["/mj/task/list-by-condition", "/mj/task/list-by-ids"]


def ids_of(answer: Any) -> list[int]:
    return [int(task["id"]) for task in answer.json()]


def test_list_answers_the_newest_first(api: ApiClient, alice: User) -> None:
    tasks = [make_task(alice).pk for _ in range(3)]

    assert ids_of(api.get("/mj/task/list")) == tasks[::-1]


def test_list_ends_after_a_hundred(api: ApiClient, alice: User) -> None:
    for _ in range(101):
        make_task(alice)

    assert len(api.get("/mj/task/list").json()) == 100


def test_queue_answers_what_waits_oldest_first(api: ApiClient, alice: User) -> None:
    waiting = [make_task(alice).pk for _ in range(2)]
    make_task(alice, status=TaskStatus.SUBMITTED)

    assert ids_of(api.get("/mj/task/queue")) == waiting


@pytest.mark.parametrize("path", ["/mj/task/list", "/mj/task/queue"])
def test_a_user_sees_only_their_own(
    api: ApiClient, alice: User, bob: User, path: str
) -> None:
    mine, _ = make_task(alice), make_task(bob)

    assert ids_of(api.get(path)) == [mine.pk]


@pytest.mark.parametrize("path", ["/mj/task/list", "/mj/task/queue"])
def test_an_operator_sees_all(
    operator_api: ApiClient, alice: User, bob: User, path: str
) -> None:
    tasks = {make_task(alice).pk, make_task(bob).pk}

    assert set(ids_of(operator_api.get(path))) == tasks


@pytest.mark.parametrize("path", ["/mj/task/list", "/mj/task/queue"])
@pytest.mark.parametrize("word", ["true", "1", "True"])
def test_an_operator_may_ask_for_their_own(
    operator_api: ApiClient, operator: User, alice: User, path: str, word: str
) -> None:
    mine = make_task(operator)
    make_task(alice)

    assert ids_of(operator_api.get(path, {"mine": word})) == [mine.pk]


def test_an_operators_own_are_found_behind_a_hundred_of_others(
    operator_api: ApiClient, operator: User, alice: User
) -> None:
    mine = [make_task(operator).pk for _ in range(2)]
    for _ in range(100):
        make_task(alice)

    assert ids_of(operator_api.get("/mj/task/list?mine=true")) == mine[::-1]


@pytest.mark.parametrize(
    "word", ["false", "0", "", "all", "\x00", "'; --", "true" * 99]
)
def test_other_words_do_not_filter(
    operator_api: ApiClient, alice: User, word: str
) -> None:
    task = make_task(alice)

    assert ids_of(operator_api.get("/mj/task/list", {"mine": word})) == [task.pk]


def test_nobody_sees_others_tasks_by_asking_for_all(
    api: ApiClient, alice: User, bob: User
) -> None:
    make_task(bob)

    assert ids_of(api.get("/mj/task/list?mine=false")) == []


@pytest.mark.parametrize("path", BY_ID)
def test_ids_may_be_strings_or_numbers_and_junk_is_dropped(
    api: ApiClient, alice: User, bob: User, path: str
) -> None:
    one, two, foreign = make_task(alice), make_task(alice), make_task(bob)
    junk: list[Any] = [None, "x", "", -1, "9" * 30, 2**63, "１", "{}"]

    answer = api.send(path, {"ids": [str(two.pk), one.pk, two.pk, foreign.pk, *junk]})

    assert ids_of(answer) == [two.pk, one.pk]


@pytest.mark.parametrize("path", BY_ID)
@pytest.mark.parametrize("junk", [{}, [], ["1"], True, 1.5, 10**30], ids=repr)
def test_what_is_neither_text_nor_number_is_refused(
    api: ApiClient, alice: User, path: str, junk: Any
) -> None:
    answer = api.send(path, {"ids": [str(make_task(alice).pk), junk]})

    assert (answer.status_code, answer.json()["code"]) == (200, -1)
    assert answer.json()["message"].startswith("ids: ")


@pytest.mark.parametrize("path", BY_ID)
@pytest.mark.parametrize("body", [{}, {"ids": []}, {"ids": None}, {"x": 1}])
def test_without_ids_nothing_is_found(api: ApiClient, path: str, body: Any) -> None:
    answer = api.send(path, body)

    assert (answer.status_code, answer.json()) == (200, [])


@pytest.mark.parametrize("path", BY_ID)
@pytest.mark.parametrize("body", [{"ids": "1"}, {"ids": {}}, [], [1], 5, "x", None])
def test_a_wrong_type_is_an_envelope(api: ApiClient, path: str, body: Any) -> None:
    raw = b"null" if body is None else None

    answer = api.send(path, raw or body)

    assert (answer.status_code, answer.json()["success"]) == (200, False)


def test_ids_beyond_the_limit_are_not_looked_for(api: ApiClient, alice: User) -> None:
    task = make_task(alice)

    answer = api.send(BY_ID[0], {"ids": [*range(MAX_IDS), task.pk]})

    assert answer.json() == []


def test_a_list_costs_no_query_per_task(
    api: ApiClient,
    alice: User,
    account: DiscordAccount,
    django_assert_num_queries: Any,
    memory: None,
) -> None:
    ids = [make_finished(alice, account=account).pk for _ in range(5)]
    ids += [
        make_task(
            alice, account=account, status=status, preview_source="https://x/y"
        ).pk
        for status in TaskStatus
    ]

    api.send(BY_ID[0], {"ids": ids})

    with django_assert_num_queries(5):
        api.send(BY_ID[0], {"ids": ids})
