"""Whether the gateway process that holds a lease has died, where this machine can tell.

A gateway process keeps a file of the data folder locked while it lives. The kernel
takes the lock back at its end, however it ends. The file of another machine, or of the
time before a reboot, tells nothing: then the lease's own time decides.
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
    """Lock the file of this process until it ends; None where that is of no use."""
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
    draft.rename(_path(name))  # locked from the moment at which it can be found
    return file


def is_dead(name: str) -> bool:
    """Tell whether it is certain that the process has ended."""
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
    """Return the names of those that are certain to have ended, until `forget`."""
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
