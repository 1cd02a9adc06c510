"""Detect on this machine that the gateway process behind a lease has died.

A gateway process keeps a file in the data folder locked while it lives. The kernel
releases the lock at its end, however it ends. The file of another machine, or from
before a reboot, proves nothing; then the lease has to run out.
"""

from __future__ import annotations

import contextlib
import fcntl
import time
from pathlib import Path
from typing import IO, Any, Final

from django.conf import settings

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")  # Linux only
_OLD: Final = 24 * 3600.0  # seconds after which the file of another boot is removed


def keep(name: str) -> IO[Any] | None:
    """Lock the file of this process until it ends.

    Returns the open file, or None on a system without boot ids.
    """
    boot = _boot()
    if not boot:
        return None
    folder = _path(name).parent
    folder.mkdir(parents=True, exist_ok=True)
    _tidy(folder)
    draft = _path(f".{name}")
    file = draft.open("w")  # open until the process ends
    fcntl.flock(file, fcntl.LOCK_EX)
    file.write(boot)
    file.flush()
    draft.rename(_path(name))  # so the file is locked before others can find it
    return file


def is_dead(name: str) -> bool:
    """Return whether the process has certainly ended."""
    return _is_unlocked(_path(name))


def _is_unlocked(path: Path) -> bool:
    try:
        with path.open() as file:
            if file.read() != _boot():
                return False
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:  # no such file, or it is locked
        return False
    return True


def dead() -> list[str]:
    """Return the names of the processes that have certainly ended, until `forget`."""
    folder = _path("")
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return [name for name in names if not name.startswith(".") and is_dead(name)]


def forget(name: str) -> None:
    """Remove the file of a process that has ended."""
    _path(name).unlink(missing_ok=True)


def _tidy(folder: Path) -> None:
    """Remove old files of other boots."""
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            is_old = time.time() - path.stat().st_mtime > _OLD
            if is_old and path.read_text() != _boot():
                path.unlink()


def _path(name: str) -> Path:
    return Path(settings.DATA_DIR, "gateways") / name


def _boot() -> str:
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return ""
