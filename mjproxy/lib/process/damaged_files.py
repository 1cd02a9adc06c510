"""Set aside files that a program cannot read and does not need, so that it starts.

Plain Python, because the supervisor uses it.
"""

from __future__ import annotations

import time
from pathlib import Path


def set_aside(folder: Path) -> str:
    """Rename what is at `folder` and make an empty one; return the new name in words.

    "" if there is nothing to set aside.
    """
    if folder.is_dir() and not any(folder.iterdir()):
        return ""
    try:
        aside = folder.rename(_free_name(folder))
        folder.mkdir(mode=0o700)
    except FileNotFoundError:
        return ""
    except OSError as exc:
        return f"{folder} cannot be read or moved away: {exc.strerror}"
    return f"its files were damaged and moved to {aside}; it starts empty"


def _free_name(folder: Path) -> Path:
    name = f"{folder.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}"
    number, found = 1, folder.with_name(name)
    while found.exists():
        number += 1
        found = folder.with_name(f"{name}-{number}")
    return found
