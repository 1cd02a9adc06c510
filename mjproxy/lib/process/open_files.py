"""The limit on open files; each connection is one."""

from __future__ import annotations

import resource
from typing import Final

OPEN_FILES: Final = 65_536  # an account needs two; many systems start with 1024 in all


def allow_open_files() -> None:
    """Raise this process's limit to what the system allows, up to a useful maximum."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
