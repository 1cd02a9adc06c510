"""Pauses before a lost connection is tried again, and warnings meanwhile."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from accounts.enums import AccountState
from gateway.sending.refusals import break_off
from mjproxy.lib import faults
from mjproxy.lib.faults import Work
from mjproxy.lib.process import backoff

logger = logging.getLogger(__name__)

STEADY: Final = 30.0  # seconds after which a connection counts as lasting
AT_ONCE: Final = 0.1  # seconds before a session that was up is resumed


def connecting(account_id: int) -> Work:
    """Return the work of keeping an account connected, for counting its faults."""
    return Work("connection of account", account_id, break_off)


@dataclass
class Resume:
    """Session id, last sequence number and address, with which a socket resumes."""

    session_id: str = ""
    seq: int = 0
    url: str = ""


class Fatal(Exception):
    """The account cannot connect until a person has acted."""

    def __init__(self, state: AccountState, reason: str) -> None:
        super().__init__(reason)
        self.state, self.reason = state, reason


@dataclass
class ReconnectPauses:
    """Pauses of one account's connection, which grow until a connection lasts."""

    account_id: int
    attempt: int = 0
    up_since: float | None = None
    _told: str = ""

    def up(self) -> None:
        """Record that a connection is up."""
        self.up_since = asyncio.get_running_loop().time()
        self._told = ""

    def pause(self, *, resumable: bool) -> float:
        """Return the seconds until the next try, after a connection was lost."""
        was_up, self.up_since = self.up_since, None
        lasted = asyncio.get_running_loop().time() - (was_up or 0.0)
        if was_up is not None and lasted >= STEADY:
            self.attempt = 0
            faults.over(connecting(self.account_id))
        self.attempt += 1
        if was_up is not None and resumable and self.attempt == 1:
            return AT_ONCE
        return backoff.delay(self.attempt)

    def warn(self, reason: str) -> None:
        """Log a reason once, until a connection is up again."""
        if reason != self._told:
            logger.warning("account %s: %s", self.account_id, reason)
        self._told = reason
