"""Discord's REST as a script: answers in order, the last one for ever."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

from gateway.protocol.answers import Answer, Verdict

ACCEPTED = Answer(Verdict.ACCEPTED)


class FakeHttp:
    """Stands in for `DiscordHttp`; keeps the interactions that it was given."""

    def __init__(self) -> None:
        self.answers: list[Answer] = [ACCEPTED]
        self.index: list[dict[str, Any]] | Exception = []
        self.bodies: list[dict[str, Any]] = []
        self.index_reads = 0
        self.slot = contextlib.nullcontext()
        self._lock = threading.Lock()

    async def post_interaction(self, body: dict[str, Any]) -> Answer:
        with self._lock:
            self.bodies.append(body)
            more = len(self.answers) > 1
            return self.answers.pop(0) if more else self.answers[0]

    async def command_index(self, guild_id: str) -> list[dict[str, Any]]:
        self.index_reads += 1
        if isinstance(self.index, Exception):
            raise self.index
        return self.index

    @property
    def nonces(self) -> list[str]:
        return [body["nonce"] for body in self.bodies]
