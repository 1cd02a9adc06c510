"""What it means for an account that Discord refuses what it sends."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from accounts.enums import AccountState
from accounts.standing import trouble
from gateway.protocol.answers import Answer, Verdict
from gateway.protocol.constants import FATAL_CLOSE_CODES, CloseCode

REFUSALS: Final = {
    Verdict.TOKEN_DEAD: AccountState.INVALID_TOKEN,
    Verdict.NEEDS_PERSON: AccountState.PAUSED,
    Verdict.UNVERIFIED: AccountState.VERIFICATION,
}


class Fatal(Exception):
    """The account cannot connect before a person has acted."""

    def __init__(self, state: AccountState, reason: str) -> None:
        super().__init__(reason)
        self.state, self.reason = state, reason


def check_close(code: int | None) -> None:
    """Raise Fatal where Discord has closed a socket for good."""
    if code in FATAL_CLOSE_CODES:
        dead = code == CloseCode.AUTHENTICATION_FAILED
        state = AccountState.INVALID_TOKEN if dead else AccountState.PAUSED
        raise Fatal(state, f"Discord closed the gateway with {code}")


def note_refusal(
    account_id: int, answer: Answer, *, asked_at: datetime | None = None
) -> None:
    """Move the account to the state in which a person must look at it.

    `asked_at` is when it was sent what is refused.
    """
    state = REFUSALS[answer.verdict]
    own = answer.is_about_channel
    trouble(account_id, state, answer.reason, own=own, asked_at=asked_at)
