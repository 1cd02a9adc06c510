"""Remarks are the operators' own words: no answer tells others what they say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from accounts.models import DiscordAccount
from tasks.models import Task
from tests.conftest import ApiClient
from tests.factories import make_account

pytestmark = pytest.mark.django_db

GUESSES = ["p", "paid by", "paid by bob", "nothing like it", "%", "_", "", " "]


@pytest.fixture
def remarked() -> DiscordAccount:
    return make_account(remark="paid by bob")


def ask(api: ApiClient, remark: Any, path: str = "imagine") -> dict[str, Any]:
    body = {"prompt": "a red fox", "accountFilter": {"remark": remark}}
    answer: dict[str, Any] = api.send(f"/mj/submit/{path}", body).json()
    Task.objects.all().delete()
    return {**answer, "result": None}


def test_a_user_learns_nothing_from_a_guess(
    remarked: DiscordAccount, api: ApiClient
) -> None:
    answers = {json.dumps(ask(api, guess), sort_keys=True) for guess in GUESSES}

    assert len(answers) == 1
    assert ask(api, "anything")["code"] == 1


def test_an_operator_chooses_by_it(
    remarked: DiscordAccount, operator_api: ApiClient
) -> None:
    assert ask(operator_api, "by bob")["code"] == 1
    assert ask(operator_api, "by alice")["code"] == 3
