from __future__ import annotations

import pytest

from accounts.enums import AccountState
from accounts.models import DiscordAccount
from gateway.protocol.answers import classify
from gateway.refusals import note_refusal


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
