from __future__ import annotations

import pytest

from accounts.enums import AccountState
from accounts.models import DiscordAccount
from gateway.protocol.answers import classify
from gateway.sending.refusals import note_refusal
from tests.factories import make_account
from tests.gateway.wire import US


@pytest.mark.parametrize(
    ("status", "body", "state"),
    [
        (401, {"message": "401: Unauthorized"}, AccountState.INVALID_TOKEN),
        (400, {"captcha_key": ["captcha-required"]}, AccountState.VERIFICATION),
        (403, {"code": 40002, "message": "Verify"}, AccountState.VERIFICATION),
        (403, {"code": 50001, "message": "Missing Access"}, AccountState.PAUSED),
        (403, "<html>", AccountState.PAUSED),
    ],
)
def test_a_refusal_ends_in_the_state_that_says_what_to_do(
    account: DiscordAccount, status: int, body: object, state: AccountState
) -> None:
    answer = classify(status, body)

    note_refusal(account.pk, answer)

    account.refresh_from_db()
    assert account.state == state
    assert account.state_reason == answer.reason


@pytest.mark.parametrize(
    ("status", "code", "shared"),
    [(403, 50001, False), (403, 50013, False), (403, 0, True), (401, 0, True)],
)
def test_what_the_user_may_not_in_one_channel_stops_no_other_row(
    db: None, status: int, code: int, shared: bool
) -> None:
    first, second = (
        make_account(discord_user=US, user_token="the-same") for _ in range(2)
    )

    note_refusal(first.pk, classify(status, {"code": code, "message": "no"}))

    first.refresh_from_db()
    second.refresh_from_db()
    assert first.state != AccountState.READY
    assert (second.state == first.state) is shared
