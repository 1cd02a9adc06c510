"""Files that only their owner can read: the data folder and what lies in it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

UMASK: Final = 0o077
OTHERS: Final = 0o077  # what somebody else may do with a file


class NotOurs(Exception):
    """The data folder cannot be closed to others; says why."""


def is_open(path: Path) -> bool:
    """Tell whether somebody else can do anything with what is there."""
    try:
        return bool(path.stat().st_mode & OTHERS)
    except FileNotFoundError:
        return False


def close(folder: Path, *files: Path) -> list[Path]:
    """Close a data folder to all but its owner; return what had been open.

    What lies right in it is closed too, and `files` that lie elsewhere. What was made
    by earlier versions was open. Raises NotOurs.
    """
    _check_owner(folder)
    inside = [path for path in folder.iterdir() if not path.is_symlink()]
    found = [path for path in {folder, *inside, *files} if is_open(path)]
    for path in found:
        try:
            path.chmod(stat.S_IMODE(path.stat().st_mode) & ~OTHERS)
        except OSError as exc:
            raise NotOurs(f"{path} is open to others: {exc.strerror}") from exc
    return found


def _check_owner(folder: Path) -> None:
    found = folder.stat()
    if found.st_uid != os.getuid():
        raise NotOurs(f"{folder} belongs to another user (id {found.st_uid})")
    if found.st_mode & stat.S_ISVTX:
        raise NotOurs(f"{folder} is shared by all: give the product one of its own")
