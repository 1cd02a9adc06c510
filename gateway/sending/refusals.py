"""What it means for an account that Discord does not take what it sends."""

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

# A task is sent at most so often, each time after it was certainly not taken.
MAX_ATTEMPTS: Final = 5
REFUSALS: Final = {
    Verdict.TOKEN_DEAD: AccountState.INVALID_TOKEN,
    Verdict.NEEDS_PERSON: AccountState.PAUSED,
    Verdict.UNVERIFIED: AccountState.VERIFICATION,
}
FIRST_PAUSE: Final = 1.0  # seconds after which Discord is called again

_unreached: Final = backoff.Streaks()


def note_refusal(
    account_id: int, answer: Answer, *, asked_at: datetime | None = None
) -> None:
    """Move the account to the state in which a person must look at it.

    `asked_at` is when it was sent what is refused.
    """
    state = REFUSALS[answer.verdict]
    own = answer.is_about_channel
    trouble(account_id, state, answer.reason, own=own, asked_at=asked_at)


def rest(account_id: int, answer: Answer) -> datetime:
    """Let the account's Discord user rest after an answer of LATER; return the end.

    As long as Discord says, and a little more. Where nothing reaches Discord, longer
    each time.
    """
    if answer.retry_after:
        seconds = answer.retry_after * random.uniform(1.05, 1.25)  # noqa: S311
    else:
        seconds = backoff.delay(_unreached.again(account_id), first=FIRST_PAUSE)
    moment = timezone.now() + timedelta(seconds=seconds)
    lane.rest(account_id, moment, resting(answer))
    return moment


def resting(answer: Answer) -> str:
    """Return what owners read of tasks that wait for the end of such a rest."""
    return again("稍后再发", "sent again soon", answer.reason)


def reached(account_id: int) -> None:
    """Note that Discord has answered: its user may call it again without a pause."""
    _unreached.over(account_id)


def break_off(account_id: int, reason: str) -> None:
    """Pause an account whose work goes wrong again and again, until a person acts."""
    trouble(account_id, AccountState.PAUSED, reason)
