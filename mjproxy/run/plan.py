"""Plan of the supervisor: the programs to run and the addresses they listen on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

# Seconds of silence after which a process counts as hung. Every wait of a thread is
# limited well below it: 20 s for a locked SQLite file, 30 s for one call in a loop.
SILENCE: Final = 60.0
# Seconds that a web process may take to finish its open requests. Most take less than
# one; an upload that waits for Discord longer than this is cut off.
DRAIN: Final = 20.0


@dataclass(frozen=True)
class Program:
    """A command to run, and the name of its role."""

    role: str
    argv: Sequence[str]
    env: dict[str, str] = field(default_factory=dict)
    state: str = ""  # a folder to empty if its files prevent the start
    is_watched: bool = False  # it reports that it works, by sd_notify(3)
    is_ours: bool = False  # it runs our code, so a restart of all includes it
    grace: float = 8.0  # seconds between SIGTERM and SIGKILL
    descriptors: list[int] = field(default_factory=list)  # open files that it inherits


@dataclass(frozen=True)
class Plan:
    """Programs and addresses for the supervisor."""

    programs: list[Program]
    host: str
    port: int
    when_ready: list[str] = field(default_factory=list)
    silence: float = SILENCE

    def dump(self) -> bytes:
        programs = [vars(program) for program in self.programs]
        return json.dumps({**vars(self), "programs": programs}).encode()

    @staticmethod
    def load(data: bytes) -> Plan:
        values: dict[str, Any] = json.loads(data)
        programs = [Program(**program) for program in values.pop("programs")]
        return Plan(programs=programs, **values)

    @property
    def descriptors(self) -> list[int]:
        """The open files that children inherit."""
        return [number for program in self.programs for number in program.descriptors]
