"""Parts of a file: video players ask for them, and some play nothing else."""

from __future__ import annotations

import re
from typing import Final

_ONE: Final = re.compile(
    r"bytes=(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})", re.ASCII
)


class Unsatisfiable(Exception):
    """The requested range lies outside of the file."""


def asked(header: str, size: int) -> range | None:
    """Return the range that a Range header asks for; None if there is none.

    Several ranges, other units and invalid text count as none: the whole file is
    answered, as RFC 9110 section 14.2 allows. Raises Unsatisfiable.
    """
    match = _ONE.fullmatch(header.replace(" ", ""))
    if match is None or not (match["first"] or match["last"]):
        return None
    if match["first"]:
        first = int(match["first"])
        last = int(match["last"]) if match["last"] else size - 1
        if match["last"] and last < first:
            return None
    else:
        first, last = max(size - int(match["last"]), 0), size - 1
    part = range(first, min(last, size - 1) + 1)
    if not part:
        raise Unsatisfiable
    return part
