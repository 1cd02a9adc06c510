"""Count the statements of a product's processes, each in a file of its own.

The file holds two numbers of 8 bytes: statements, with BEGIN and COMMIT, and commits.
Counting takes time itself, so no other figure is taken from a run that counts.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.db.backends.signals import connection_created

FOLDER: Final = "MJPROXY_BENCH_COUNTS"  # the environment's name for it; unset: no count
_FORM: Final = struct.Struct("<QQ")
_counts: dict[int, mmap.mmap] = {}  # one of this process; a forked child makes its own


@dataclass(frozen=True)
class Counts:
    """Statements, with BEGIN and COMMIT, and how many of them are a COMMIT."""

    statements: int = 0
    commits: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.statements + other.statements, self.commits + other.commits)

    def __sub__(self, other: Counts) -> Counts:
        return Counts(self.statements - other.statements, self.commits - other.commits)


def read(folder: Path, pid: int) -> Counts:
    """Return what a process has counted; none if it has not used the database."""
    try:
        return Counts(*_FORM.unpack((folder / str(pid)).read_bytes()))
    except OSError:
        return Counts()


def begin() -> None:
    """Count in this process, if the environment names a folder."""
    if folder := os.environ.get(FOLDER):
        connection_created.connect(_Watcher(Path(folder)), weak=False)


class _Watcher:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, connection: Any, **_: Any) -> None:
        if connection.vendor == "sqlite":
            connection.connection.set_trace_callback(self.count)
        else:
            connection.execute_wrappers.append(self.counted)
            # Not seen by wrappers. With a transaction its BEGIN is a statement too.
            commit = connection.connection.commit

            def committing() -> None:
                self.add(2, 1)
                commit()

            connection.connection.commit = committing

    def count(self, sql: str) -> None:
        self.add(1, int(sql.startswith("COMMIT")))

    def counted(self, execute: Callable[..., Any], *args: Any) -> Any:
        self.add(1, 0)
        return execute(*args)

    def add(self, statements: int, commits: int) -> None:
        memory = self.memory
        old = _FORM.unpack_from(memory)
        _FORM.pack_into(memory, 0, old[0] + statements, old[1] + commits)

    @property
    def memory(self) -> mmap.mmap:
        pid = os.getpid()
        if pid not in _counts:
            path = self.folder / str(pid)
            path.write_bytes(bytes(_FORM.size))
            with path.open("r+b") as file:
                _counts[pid] = mmap.mmap(file.fileno(), _FORM.size)
        return _counts[pid]
