"""SQLite's write-ahead log as a file: bring it to the disk, and keep it short."""

from __future__ import annotations

import itertools
import os
import sqlite3
import threading
from contextlib import closing, suppress
from typing import Final

# Commits of this process after which its log is moved to the database. Two processes
# may do so at once; then one of them does nothing.
OFTEN: Final = 100


class Log:
    """The log of a database. Commits that come together reach the disk together."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._tickets = itertools.count(1)
        self._flushed = 0  # tickets up to this one are on the disk
        self._flushing = threading.Lock()
        self._commits = itertools.count(1)
        self._moving = threading.Lock()

    def flush(self) -> None:
        """Return when all that was committed before is on the disk. Raises OSError."""
        ticket = next(self._tickets)
        with self._flushing:
            if self._flushed >= ticket:
                return  # another thread's flush began after our commit
            last = next(self._tickets)
            file = os.open(f"{self.path}-wal", os.O_RDONLY)
            try:
                os.fsync(file)
            finally:
                os.close(file)
            self._flushed = last

    def note_commit(self) -> None:
        """Count a commit, and sometimes have a thread move the log to the database.

        SQLite would let the commit that makes the log too long wait for that.
        """
        if next(self._commits) % OFTEN == 0 and self._moving.acquire(blocking=False):
            threading.Thread(target=self._move, name="log", daemon=True).start()

    def _move(self) -> None:
        try:
            with (
                suppress(sqlite3.Error),  # busy or full: a later one does it
                closing(sqlite3.connect(self.path, timeout=0)) as file,
            ):
                file.execute("PRAGMA wal_checkpoint(PASSIVE)")
        finally:
            self._moving.release()
