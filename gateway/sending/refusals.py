"""Apply refusals of Discord to an account: states and rests."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from accounts.enums import AccountState
from accounts.state.changes import trouble
from gateway.lanes import lane
from gateway.protocol.answers import Answer, Verdict
from mjproxy.lib.process import backoff
from tasks.waiting.reason import again

# Most sends of a task. Each is repeated only if certainly nothing was taken.
MAX_ATTEMPTS: Final = 5
_STATES: Final = {
    Verdict.TOKEN_DEAD: AccountState.INVALID_TOKEN,
    Verdict.NEEDS_PERSON: AccountState.PAUSED,
    Verdict.UNVERIFIED: AccountState.VERIFICATION,
}
FIRST_PAUSE: Final = 1.0  # seconds after which Discord is called again

_unreached: Final = backoff.Streaks()


class Sent:
    """What was posted: what it does after each kind of answer; by default nothing."""

    def asked_at(self) -> datetime | None:
        """Return when it was sent, as far as its row still tells."""
        return None

    def taken(self) -> None:
        """Discord has taken it."""

    def unanswered(self, answer: Answer) -> None:
        """Perhaps it was taken: it is never sent again without a look."""

    def later(self, answer: Answer, moment: datetime) -> None:
        """It was not taken; the account's user rests until `moment`."""

    def account_refused(self, answer: Answer) -> None:
        """It was not taken, and a person must look at the account."""

    def refused(self, answer: Answer) -> None:
        """It was not taken, and would not be if it were sent again as it is."""


def settle(account_id: int, sent: Sent, answer: Answer) -> None:
    """Do what an answer to `sent` means, for it and for the account it was sent by."""
    match answer.verdict:
        case Verdict.ACCEPTED:
            sent.taken()
        case Verdict.UNKNOWN:
            sent.unanswered(answer)
        case Verdict.LATER:
            sent.later(answer, rest(account_id, answer))
        case Verdict.REFUSED | Verdict.STALE:
            sent.refused(answer)
        case Verdict.TOKEN_DEAD | Verdict.NEEDS_PERSON | Verdict.UNVERIFIED:
            asked_at = sent.asked_at()
            # First the work: what still runs at an account without a token is ended.
            sent.account_refused(answer)
            note_refusal(account_id, answer, asked_at=asked_at)


def note_refusal(
    account_id: int, answer: Answer, *, asked_at: datetime | None = None
) -> None:
    """Move the account to a state in which a person must look at it.

    `asked_at` is the moment at which the refused request was sent.
    """
    state = _STATES[answer.verdict]
    own = answer.is_about_channel
    trouble(account_id, state, answer.reason, own=own, asked_at=asked_at)


def rest(account_id: int, answer: Answer) -> datetime:
    """Let the account's Discord user rest after an answer of LATER; return the end.

    It lasts as long as Discord says, and 5 to 25 % more. If Discord was not reached, it
    grows each time.
    """
    if answer.retry_after:
        seconds = answer.retry_after * random.uniform(1.05, 1.25)  # noqa: S311
    else:
        seconds = backoff.delay(_unreached.again(account_id), first=FIRST_PAUSE)
    moment = timezone.now() + timedelta(seconds=seconds)
    lane.rest(account_id, moment, resting(answer))
    return moment


def resting(answer: Answer) -> str:
    """Return the text for owners of tasks that wait for the end of such a rest."""
    return again("稍后再发", "sent again soon", answer.reason)


def reached(account_id: int) -> None:
    """Record that Discord has answered, so that the next rest is short again."""
    _unreached.over(account_id)


def break_off(account_id: int, reason: str) -> None:
    """Pause an account after repeated errors, until a person acts."""
    trouble(account_id, AccountState.PAUSED, reason)
