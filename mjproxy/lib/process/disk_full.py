"""Recognise a full disk in the errors of files and databases."""

from __future__ import annotations

import errno
import re
from typing import Final

from django.db import DatabaseError

_ERRNOS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# SQLite, PostgreSQL, MySQL.
_WORDS: Final = re.compile(
    r"disk is full|disk full|no space left|table '.*' is full", re.IGNORECASE
)


def is_full(exc: BaseException) -> bool:
    """Tell whether `exc` says that the disk is full; nothing was written then."""
    if isinstance(exc, OSError):
        return exc.errno in _ERRNOS
    return isinstance(exc, DatabaseError) and bool(_WORDS.search(str(exc)))
