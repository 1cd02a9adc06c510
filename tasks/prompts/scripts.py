"""Scripts: which words of a prompt are not written in Latin letters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from tasks.enums import Script

# Ranges of a character class.
RANGES: Final[Mapping[str, str]] = {
    Script.CHINESE: "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f",
    Script.JAPANESE: "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fd-\u30ff\u31f0-\u31ff"
    "\uff66-\uff6f\uff71-\uff9d",
    Script.KOREAN: "\u1100-\u11ff\u3131-\u318e\ua960-\ua97c\uac00-\ud7a3\ud7b0-\ud7fb"
    "\uffa1-\uffdc",
    Script.CYRILLIC: "\u0400-\u0481\u048a-\u052f\u1c80-\u1c8f\u2de0-\u2dff"
    "\ua640-\ua69f",
    Script.ARABIC: "\u0620-\u064a\u066e-\u06d3\u06d5\u06fa-\u06ff\u0750-\u077f"
    "\u08a0-\u08c9\ufb50-\ufbb1\ufbd3-\ufd3d\ufd50-\ufdfb\ufe70-\ufefc",
    Script.THAI: "\u0e01-\u0e3a\u0e40-\u0e4e",
}
# Latin letters, also of phonetics, of mathematics and in full width; letters that stand
# for a unit.
_LATIN: Final = (
    "A-Za-z\u00aa\u00b5\u00ba\u00c0-\u024f\u0250-\u02af\u02b0-\u02ff\u1d00-\u1dbf"
    "\u1e00-\u1eff\u2071\u207f\u2090-\u209c\u2100-\u218f\u2c60-\u2c7f\ua720-\ua7ff"
    "\uab30-\uab6f\ufb00-\ufb06\uff21-\uff3a\uff41-\uff5a\U0001d400-\U0001d7ff"
    # Marks that repeat or lengthen what stands before them.
    "\u3005-\u3007\u3031-\u3035\u303b\u303c\u30fc\uff70"
)
# "²" and "½" count as letters in a pattern.
_NUMBERS: Final = "".join(
    char for char in map(chr, range(0x80, 0x10000)) if char.isnumeric()
)
_KNOWN: Final = _LATIN + "".join(RANGES.values()) + _NUMBERS
# Two of them make a word: a single one, such as "π", is a sign.
_OTHERS: Final = f"(?:(?![{_KNOWN}])[^\\W\\d_]){{2}}"


def pattern_of(scripts: Iterable[str]) -> re.Pattern[str]:
    """Return the pattern of a letter in one of the scripts."""
    return _pattern(frozenset(scripts))


@lru_cache(maxsize=8)
def _pattern(scripts: frozenset[str]) -> re.Pattern[str]:
    ranges = "".join(RANGES[each] for each in RANGES if each in scripts)
    parts = [f"[{ranges}]"] if ranges else []
    if Script.OTHERS in scripts:
        parts.append(_OTHERS)
    return re.compile("|".join(parts) or r"(?!)")


def is_only_chinese(text: str) -> bool:
    """Tell whether a text has no letters but Chinese and Latin ones."""
    others = pattern_of(set(Script.values) - {Script.CHINESE})
    return not others.search(text)
