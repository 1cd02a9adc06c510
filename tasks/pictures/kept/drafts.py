"""Draft files: written beside the pictures, and moved into place as a whole."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings


def drafts() -> Path:
    return Path(settings.MEDIA_ROOT, ".drafts")


@contextmanager
def drafting() -> Iterator[Path]:
    """Yield the path of a new draft file; it is removed unless it was moved."""
    drafts().mkdir(parents=True, exist_ok=True)
    draft = drafts() / secrets.token_hex(16)
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def settle(draft: Path, path: Path) -> None:
    """Move a file into place atomically, safe against power loss."""
    settle_all({path: draft})


def settle_all(found: Mapping[Path, Path]) -> None:
    """Move the draft of each path into place, as `settle` does.

    A folder is written to the disk once for all its files.
    """
    folders = {path.parent for path in found}
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    for path, draft in found.items():
        _write_out(draft)
        draft.replace(path)
    for folder in folders:
        _write_out(folder)


def _write_out(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
