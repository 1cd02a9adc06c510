"""What it means for an account that Discord refuses what it sends."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from accounts.enums import AccountState
from accounts.standing import trouble
from gateway.protocol.answers import Answer, Verdict

REFUSALS: Final = {
    Verdict.TOKEN_DEAD: AccountState.INVALID_TOKEN,
    Verdict.NEEDS_PERSON: AccountState.PAUSED,
    Verdict.UNVERIFIED: AccountState.VERIFICATION,
}


def note_refusal(
    account_id: int, answer: Answer, *, asked_at: datetime | None = None
) -> None:
    """Move the account to the state in which a person must look at it.

    `asked_at` is when it was sent what is refused.
    """
    state = REFUSALS[answer.verdict]
    own = answer.is_about_channel
    trouble(account_id, state, answer.reason, own=own, asked_at=asked_at)
