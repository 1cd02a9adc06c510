"""When a lost connection is tried again, and what is said of it meanwhile."""

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

STEADY: Final = 30.0  # seconds after which a connection has proved to last
AT_ONCE: Final = 0.1  # seconds before a session is resumed that has lasted


def connecting(account_id: int) -> Work:
    """Name the work of keeping an account connected, for counting its faults."""
    return Work("connection of account", account_id, break_off)


@dataclass
class Resume:
    """What a socket needs to go on where the last one ended."""

    session_id: str = ""
    seq: int = 0
    url: str = ""


class Fatal(Exception):
    """The account cannot connect before a person has acted."""

    def __init__(self, state: AccountState, reason: str) -> None:
        super().__init__(reason)
        self.state, self.reason = state, reason


@dataclass
class Comeback:
    """Pauses of one account's connection: they grow until a connection lasts."""

    account_id: int
    attempt: int = 0
    up_since: float | None = None
    _told: str = ""

    def up(self) -> None:
        """Note that a connection is up."""
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
        """Tell the log, once for each reason, until a connection is up again."""
        if reason != self._told:
            logger.warning("account %s: %s", self.account_id, reason)
        self._told = reason
