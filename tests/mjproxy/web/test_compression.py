"""Compression of answers, except those whose length would reveal a secret."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from django.test import Client

from accounts.enums import AccountState
from accounts.models import User
from accounts.state.links import verification_path
from tasks.enums import TaskStatus
from tasks.pictures import store
from tests.conftest import ApiClient
from tests.factories import make_account, make_finished, make_task

GZIP = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.fixture
def browser(client: Client, operator: User) -> Client:
    operator.is_superuser = True
    operator.save()
    client.force_login(operator)
    return client


def is_small(answer: Any) -> bool:
    return bool(answer.get("Content-Encoding") == "gzip")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/sign-in",
        "/api/docs",
        "/api/schema",
        "/admin/",
        "/admin/tasks/task/",
        "/admin/tasks/task/?q=fox",
        "/admin/accounts/discordaccount/",
        "/admin/tasks/drawingsettings/",
        "/admin/jsi18n/",
        "/mj/task/list",
        "/mj/account/list",
    ],
)
def test_pages_and_lists_are_compressed(
    browser: Client, operator: User, path: str
) -> None:
    for _ in range(3):
        make_task(operator, account=make_account())

    small = browser.get(path, headers=GZIP)
    plain = browser.get(path)

    assert (small.status_code, plain.status_code) == (200, 200)
    assert is_small(small)
    assert not is_small(plain)
    assert "Accept-Encoding" in plain["Vary"]
    assert len(small.content) < len(plain.content)
    assert int(small["Content-Length"]) == len(small.content)


def test_a_compressed_list_holds_the_same_tasks(
    operator_api: ApiClient, operator: User
) -> None:
    ids = [str(make_task(operator).pk) for _ in range(3)]

    answer = operator_api.post(
        "/mj/task/list-by-ids", {"ids": ids}, "application/json", headers=GZIP
    )

    assert is_small(answer)
    rows = json.loads(gzip.decompress(answer.content))
    assert [row["id"] for row in rows] == ids


def test_an_answer_with_a_new_key_is_not_compressed(operator_api: ApiClient) -> None:
    name = "a" * 120  # what an attacker chose stands beside the secret

    answer = operator_api.post(
        "/mj/admin/user", {"name": name}, "application/json", headers=GZIP
    )

    assert b"mjp_" in answer.content
    assert not is_small(answer)


def test_a_page_that_shows_a_new_key_is_not_compressed(
    browser: Client, operator: User
) -> None:
    form = {"owner": operator.pk, "name": "mine", "scopes": ["read"]}

    page = browser.post("/admin/accounts/apikey/add/", form, headers=GZIP, follow=True)
    after = browser.get("/admin/accounts/apikey/", headers=GZIP)

    assert b"shown only now" in page.content
    assert not is_small(page)
    assert is_small(after)


def test_a_page_with_a_link_that_is_a_secret_is_not_compressed(
    browser: Client,
) -> None:
    account = make_account(state=AccountState.VERIFICATION)

    page = browser.get(verification_path(account.pk), headers=GZIP)

    assert page.status_code == 200
    assert not is_small(page)
    assert "no-store" in page["Cache-Control"]
    assert "no-transform" in page["Cache-Control"]  # for the proxy in front as well


@pytest.mark.parametrize(
    "path", ["/mj/admin/current", "/mj/submit/imagine", "/mj/nowhere"]
)
def test_other_answers_stay_as_they_are(browser: Client, path: str) -> None:
    assert not is_small(browser.get(path, headers=GZIP))


def test_streams_are_not_compressed(browser: Client, operator: User) -> None:
    task = make_task(operator, status=TaskStatus.IN_PROGRESS)

    stream = browser.get(f"/mj/task/{task.pk}/stream", headers=GZIP)

    assert stream.streaming
    assert not is_small(stream)
    stream.close()


def test_pictures_are_not_compressed_again(browser: Client, operator: User) -> None:
    task = make_finished(operator)
    store.store(task, "image/png", b"\x89PNG" + bytes(4000))
    task.refresh_from_db()

    path = f"/images/{task.pk}/{task.picture_key}.png"
    whole = browser.get(path, headers=GZIP)
    part = browser.get(path, headers=GZIP | {"Range": "bytes=0-99"})

    assert (whole.status_code, part.status_code) == (200, 206)
    assert not is_small(whole)
    assert not is_small(part)
    assert len(part.getvalue()) == 100
