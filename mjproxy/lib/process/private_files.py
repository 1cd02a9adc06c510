"""Files that only their owner can read: the data folder and its contents."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

UMASK: Final = 0o077
OTHERS: Final = 0o077  # permission bits of group and others


class NotOurs(Exception):
    """The data folder cannot be closed to others; the message says why."""


def is_open(path: Path) -> bool:
    """Tell whether group or others have any permission on the path."""
    try:
        return bool(path.stat().st_mode & OTHERS)
    except FileNotFoundError:
        return False


def close(folder: Path, *files: Path) -> list[Path]:
    """Close a data folder to all except its owner; return the paths that were open.

    Files directly in it are closed too, and `files` elsewhere. Earlier versions made
    them open. Raises NotOurs.
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
        raise NotOurs(f"{folder} is shared by all users: choose another folder")
