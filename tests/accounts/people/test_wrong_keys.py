"""An address that tries out keys is not looked at any more, for a while."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import AccessSettings, ApiKey, User
from accounts.people import wrong_keys
from accounts.people.keys import create_key
from accounts.people.passes import revoke
from accounts.people.users import ensure_operator
from accounts.selectors import access_settings
from tests.conftest import ALICES_KEY, BOBS_KEY, OPERATORS_KEY, ApiClient

PATHS = ["/mj/task/1234567890123456/fetch", "/mj/account/list", "/mj/task/list"]
MOST = 5


@pytest.fixture(autouse=True)
def _counted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrong_keys, "MOST", MOST)


def get(key: str, path: str = PATHS[1], address: str = "9.9.9.9") -> Any:
    return ApiClient(key).get(path, REMOTE_ADDR=address)


def try_keys(times: int = MOST, **kwargs: Any) -> list[int]:
    return [get(f"guess-number-{n}", **kwargs).status_code for n in range(times)]


@pytest.mark.parametrize("path", PATHS)
def test_wrong_keys_are_refused_and_then_not_looked_at(
    db: None, path: str, django_assert_num_queries: Any
) -> None:
    try_keys(path=path)

    answer = get("another-guess", path)
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) == wrong_keys.WINDOW
    said = answer.json()
    assert said["message"] == "错误的 Token 过多，请稍后尝试"
    assert said["messageEn"].startswith("Too many wrong keys")
    access_settings()  # whether guests may come in
    with django_assert_num_queries(0):
        get("yet-another", PATHS[1])


@pytest.mark.parametrize("path", PATHS)
def test_before_that_a_wrong_key_is_a_stranger(db: None, path: str) -> None:
    assert set(try_keys(MOST, path=path)) == {401}


@pytest.mark.parametrize("path", PATHS)
def test_a_key_that_may_not_be_used_counts_once(alice: User, path: str) -> None:
    ApiKey.objects.update(expires_at=timezone.now())

    said = [get(ALICES_KEY, path).status_code for _ in range(MOST)]

    assert set(said) == {401}
    assert get("a-guess", path).status_code == 429


def test_a_right_key_cannot_be_found_out_behind_wrong_ones(alice: User) -> None:
    try_keys()

    assert get(ALICES_KEY).status_code == 429


def test_a_key_that_was_right_before_stays_welcome(alice: User, bob: User) -> None:
    assert get(ALICES_KEY).status_code == 200
    try_keys()

    assert get(ALICES_KEY).status_code == 200
    assert get(BOBS_KEY).status_code == 429
    assert get(BOBS_KEY, address="8.8.8.8").status_code == 200
    assert get(BOBS_KEY).status_code == 200  # known by now, whoever asked


def test_another_process_knows_it_too(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    get(ALICES_KEY)
    try_keys()
    monkeypatch.setattr(wrong_keys, "_known", {})

    assert get(ALICES_KEY).status_code == 200


def test_a_key_that_was_right_and_is_revoked_is_wrong(alice: User) -> None:
    get(ALICES_KEY)
    revoke(alice.api_keys.all())

    assert set(try_keys()) == {401}
    assert get(ALICES_KEY).status_code == 401


def test_addresses_are_counted_one_by_one(db: None) -> None:
    try_keys()

    assert get("a-guess", address="8.8.8.8").status_code == 401


def test_the_address_is_the_one_that_trusted_proxies_have_seen(db: None) -> None:
    """What a caller writes into a header counts for nothing."""
    for n in range(MOST):
        ApiClient(f"guess-{n}").get(
            PATHS[1], REMOTE_ADDR="9.9.9.9", HTTP_X_FORWARDED_FOR=f"1.1.1.{n}"
        )

    assert get("a-guess").status_code == 429


def test_the_count_runs_out(alice: User) -> None:
    try_keys()
    cache.delete(wrong_keys._address("9.9.9.9"))

    assert get(ALICES_KEY).status_code == 200


def test_without_a_cache_a_right_key_still_works(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ConnectionError("no Redis")

    for name in ("add", "get", "get_many", "set_many", "incr"):
        monkeypatch.setattr(cache, name, broken)

    assert set(try_keys(2 * MOST)) == {401}
    assert get(ALICES_KEY).status_code == 200


def test_who_is_let_in_without_a_key_may_send_any(db: None) -> None:
    ensure_operator()
    AccessSettings.objects.update_or_create(defaults={"allow_without_key": True})

    assert set(try_keys(2 * MOST)) == {200}


def test_a_signed_in_person_is_not_refused_for_a_key(alice: User) -> None:
    try_keys()
    page = Client(headers={"mj-api-secret": "some-wrong-key"})
    page.force_login(alice)

    assert page.get(PATHS[1], REMOTE_ADDR="9.9.9.9").status_code == 200


@pytest.mark.parametrize("key", ["", " ", "\x00" * 30, "k" * 100_000, "ключ" * 9])
def test_hostile_keys_are_wrong_keys(db: None, key: str) -> None:
    assert get(key.encode().decode("latin1")).status_code == 401


def test_the_operators_page_is_answered_with_429(operator: User) -> None:
    for _ in range(10):
        ApiClient().send("/mj/admin/login", '"guess"')

    answer = ApiClient().send("/mj/admin/login", f'"{OPERATORS_KEY}"')

    assert answer.status_code == 429
    assert "Retry-After" in answer


def test_a_short_key_is_refused_in_both_languages(operator_api: ApiClient) -> None:
    for token, fits in (("k" * 19, False), ("k" * 20, True)):
        body = {"name": f"user {len(token)}", "token": token}
        said = operator_api.send("/mj/admin/user", body).json()
        assert said["success"] is fits
        if not fits:
            assert "20个字符" in said["message"]


def test_two_keys_of_which_one_was_right_before(alice: User, bob: User) -> None:
    create_key(bob, key="a-second-key-of-bob-1")
    get(ALICES_KEY)
    try_keys()

    client = ApiClient("some-wrong-key", REMOTE_ADDR="9.9.9.9")
    answer = client.get(PATHS[1], headers={"authorization": f"Bearer {ALICES_KEY}"})

    assert answer.status_code == 200


def get_with_two(key: str, other: str) -> Any:
    client = ApiClient(other, REMOTE_ADDR="9.9.9.9")
    headers = {"authorization": f"Bearer {key}"}
    return client.get("/mj/admin/current", headers=headers)


@pytest.mark.parametrize("guess_is_first", [True, False])
def test_who_has_a_key_cannot_guess_others_beside_it(
    alice: User, operator: User, *, guess_is_first: bool
) -> None:
    def guess(key: str) -> Any:
        pair = (key, ALICES_KEY) if guess_is_first else (ALICES_KEY, key)
        return get_with_two(*pair)

    get(ALICES_KEY)
    for number in range(MOST):
        assert guess(f"guess-number-{number}").status_code == 200

    answer = guess(OPERATORS_KEY)

    assert answer.json()["name"] == "alice"
    assert get(OPERATORS_KEY).status_code == 429
    assert get(ALICES_KEY).status_code == 200
