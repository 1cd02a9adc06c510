from __future__ import annotations

from datetime import datetime

import pytest
from django.utils import timezone

from accounts.enums import AccountState
from accounts.models import DiscordAccount
from gateway.lanes import lane
from gateway.protocol.answers import Answer, Verdict, classify
from gateway.sending.refusals import Sent, note_refusal, settle
from tests.factories import make_account
from tests.gateway.rows import make_session
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


class Noting(Sent):
    """Notes which step it was told to do."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.until: datetime | None = None

    def taken(self) -> None:
        self.steps.append("taken")

    def unanswered(self, answer: Answer) -> None:
        self.steps.append("unanswered")

    def later(self, answer: Answer, moment: datetime) -> None:
        self.steps.append("later")
        self.until = moment

    def account_refused(self, answer: Answer) -> None:
        self.steps.append("account refused")

    def refused(self, answer: Answer) -> None:
        self.steps.append("refused")


STEPS = {
    Verdict.ACCEPTED: "taken",
    Verdict.UNKNOWN: "unanswered",
    Verdict.LATER: "later",
    Verdict.REFUSED: "refused",
    Verdict.STALE: "refused",
    Verdict.TOKEN_DEAD: "account refused",
    Verdict.NEEDS_PERSON: "account refused",
    Verdict.UNVERIFIED: "account refused",
}


@pytest.mark.parametrize("verdict", Verdict)
def test_each_verdict_leads_to_one_step_of_what_was_posted(
    account: DiscordAccount, verdict: Verdict
) -> None:
    sent = Noting()

    settle(account.pk, sent, Answer(verdict, "said", retry_after=1.0))

    account.refresh_from_db()
    assert sent.steps == [STEPS[verdict]]
    assert account.is_ready is (STEPS[verdict] != "account refused")


def test_later_lets_the_user_rest_until_the_moment_that_is_told(
    account: DiscordAccount,
) -> None:
    make_session(account)
    sent = Noting()

    settle(account.pk, sent, Answer(Verdict.LATER, "slow down", retry_after=60.0))

    assert lane.is_resting(account.pk)
    assert sent.until is not None
    assert sent.until > timezone.now()
