"""What it means for an account that Discord refuses what it sends."""

from __future__ import annotations

from typing import Final

from accounts.enums import AccountState
from accounts.standing import trouble
from gateway.protocol.answers import Answer, Verdict

REFUSALS: Final = {
    Verdict.TOKEN_DEAD: AccountState.INVALID_TOKEN,
    Verdict.NEEDS_PERSON: AccountState.PAUSED,
    Verdict.UNVERIFIED: AccountState.VERIFICATION,
}


def note_refusal(account_id: int, answer: Answer) -> None:
    """Move the account to the state in which a person must look at it."""
    trouble(account_id, REFUSALS[answer.verdict], answer.reason)
