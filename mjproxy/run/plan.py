"""What the supervisor is told: which programs to run, and where they listen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

# Seconds without a word after which a process counts as standing still. All that a
# thread of ours may wait for is bounded well below it: 20 s for a locked SQLite file,
# 30 s for one call in a loop.
SILENCE: Final = 60.0
# Seconds that a web process may take to finish what it is answering. Most answers take
# less than one; an upload that waits for Discord longer than this is cut off.
DRAIN: Final = 20.0


@dataclass(frozen=True)
class Program:
    """What to run, and the name of its role."""

    role: str
    argv: Sequence[str]
    env: dict[str, str] = field(default_factory=dict)
    state: str = ""  # a folder that may be emptied where it keeps it from starting
    is_watched: bool = False  # it tells that it works, as sd_notify(3) has it
    is_ours: bool = False  # it runs our code: a restart of all concerns it
    grace: float = 8.0  # seconds between SIGTERM and SIGKILL
    descriptors: list[int] = field(default_factory=list)  # open files it is handed


@dataclass(frozen=True)
class Plan:
    """All that the supervisor is told."""

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
        """The open files that children are handed."""
        return [number for program in self.programs for number in program.descriptors]
