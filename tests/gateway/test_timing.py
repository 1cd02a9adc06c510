"""Every claim outlives the longest call that is made under it."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import pytest

from accounts.mails import server
from accounts.models.mails import MOST_RECIPIENTS
from accounts.verification import helper_server, lock
from gateway import timing
from gateway.sending import errands
from tasks.pictures import cdn, store
from tasks.waiting import reason
from tasks.webhooks import posting, retries

POST: Final = timing.LATE_POST + timing.INTERACTION_TIMEOUT
MASK: Final = timing.LATE_POST + timing.PLAIN_TIMEOUT
# Each step of the talk with a mail server may take its time: to connect, to greet
# twice, to encrypt, to sign in (3), sender, each recipient, text (2), good-bye.
MAIL_STEPS: Final = 11 + MOST_RECIPIENTS

# Each claim, in seconds, and the longest call under it.
CLAIMS: Final[dict[str, tuple[float | timedelta, float]]] = {
    "a task that was posted": (timing.REQUEST_LIFE, POST),
    "a window that was answered": (timing.REQUEST_LIFE, MASK),
    "a question to a bot": (timing.QUERY_ANSWER, POST),
    "slow work, until it is renewed": (timing.CLAIM, 2 * timing.RENEW_EVERY),
    "a press that must not be repeated": (errands.LIFE, POST),
    "what is said to be looked up": (reason.NO_ANSWER, POST),
    "a call of a hook": (retries.CLAIM, posting.TIMEOUT),
    "a picture that is kept": (min(store.TRY_AGAIN), cdn.TIMEOUT),
    "a mail": (server.CLAIM, MAIL_STEPS * server.TIMEOUT),
    "a verification page": (lock.CLAIM, timing.PAGE_TIMEOUT),
    "telling the verification server": (
        min(helper_server.PAUSES),
        timing.TELL_TIMEOUT,
    ),
}


@pytest.mark.parametrize(("claim", "call"), CLAIMS.values(), ids=CLAIMS)
def test_a_claim_is_longer_than_the_longest_call_under_it(
    claim: float | timedelta, call: float
) -> None:
    seconds = claim.total_seconds() if isinstance(claim, timedelta) else claim

    assert seconds > call + 1.0


def test_a_request_lives_longer_than_linux_sends_it_again() -> None:
    # After the last byte of a call that has used all its time.
    assert timedelta(seconds=MASK + timing.SENT_AGAIN) <= timing.REQUEST_LIFE
    assert timedelta(minutes=1) <= timing.REQUEST_LIFE


def test_what_waits_says_for_how_long() -> None:
    assert timedelta(minutes=3) > timing.REQUEST_LIFE + 2 * timing.LOOK_EVERY
    assert "within 3 minutes" in reason.LOOKED_UP
