"""Sign-in of operators with a key."""

from __future__ import annotations

import pytest

from accounts.models import User
from mjproxy.lib.web import throttle
from tests.conftest import OPERATORS_KEY, ApiClient

REFUSED = "请求过于频繁，请在 300 秒后重试"
PATH = "/mj/admin/login"


def test_after_ten_wrong_keys_even_the_right_one_waits(
    stranger: ApiClient, operator: User
) -> None:
    wrong = [
        stranger.send(PATH, f'"wrong-{number}"').json()["message"]
        for number in range(throttle.TRIES_PER_ADDRESS)
    ]
    answer = stranger.send(PATH, f'"{OPERATORS_KEY}"')
    refused = answer.json()
    elsewhere = stranger.send(PATH, f'"{OPERATORS_KEY}"', REMOTE_ADDR="192.0.2.7")

    assert set(wrong) == {"用户 Token 错误"}
    assert (answer.status_code, answer["Retry-After"]) == (429, "300")
    assert (refused["success"], refused["message"]) == (False, REFUSED)
    assert refused["messageEn"].startswith("Too many requests")
    assert elsewhere.json()["code"] == 1


def test_the_sign_in_page_and_this_endpoint_count_together(
    stranger: ApiClient, operator: User
) -> None:
    for _ in range(throttle.TRIES_PER_ADDRESS):
        stranger.post("/sign-in", {"key": "wrong-key"})

    said = stranger.send(PATH, f'"{OPERATORS_KEY}"').json()

    assert said["message"] == REFUSED


def test_right_keys_are_not_counted(stranger: ApiClient, operator: User) -> None:
    for _ in range(throttle.TRIES_PER_ADDRESS + 1):
        said = stranger.send(PATH, f'"{OPERATORS_KEY}"').json()

    assert said["code"] == 1


@pytest.mark.parametrize("body", ["", "null", "7", "[]", '{"key": "x"}', '"  "'])
def test_what_is_no_key_is_no_login(stranger: ApiClient, body: str) -> None:
    said = stranger.send(PATH, body.encode()).json()

    assert (said["success"], said["message"]) == (False, "禁止登录")
