"""Lists that people type or paste into one field."""

from __future__ import annotations

import re
from typing import Final

# Separators from keyboards, also Chinese ones, and from spreadsheets and editors.
_MARKS: Final = ",;，、；﹐﹔\t\n\r\v\f\x85\u2028\u2029"


def parted(text: str, further: str = "") -> list[str]:
    """Return the parts between commas, semicolons and line ends, trimmed, without
    repeats.

    `further` adds separators, in the syntax of a character class.
    """
    found = (part.strip() for part in re.split(f"[{_MARKS}{further}]", text))
    return list(dict.fromkeys(filter(None, found)))
