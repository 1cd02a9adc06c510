"""The syntax tree of a source file, for the tests that read the sources."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

TRIES: Final = 10


def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a file.

    In Python 3.11 `ast.parse` raises SystemError if another thread parses at the same
    time, as the formatting of a traceback does. So it is tried again.
    """
    text = path.read_text()
    for _ in range(TRIES - 1):
        try:
            return ast.parse(text)
        except SystemError:
            continue
    return ast.parse(text)
