"""Lists that people type or paste into one field."""

from __future__ import annotations

import re
from typing import Final

# What a keyboard has, a Chinese one too, and what spreadsheets and editors put there.
_MARKS: Final = ",;，、；﹐﹔\t\n\r\v\f\x85\u2028\u2029"


def parted(text: str, further: str = "") -> list[str]:
    """Return the parts between commas, semicolons and line ends, trimmed, each once.

    `further` is more that parts them, as it stands in a class of a regular expression.
    """
    found = (part.strip() for part in re.split(f"[{_MARKS}{further}]", text))
    return list(dict.fromkeys(filter(None, found)))
