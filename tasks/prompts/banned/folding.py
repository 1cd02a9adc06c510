"""Fold text so that spellings of one word are equal, and find their places again.

A character is folded whatever stands beside it. So each place in a folded text belongs
to one place in the text that people wrote.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Final

from tasks.prompts.banned.lookalikes import CAPITAL, READINGS, SIGNS, SMALL

# Characters whose folded form is remembered: all that Chinese and Japanese texts use.
MOST_KNOWN: Final = 32_000
_HANGUL: Final = range(0xAC00, 0xD7A4)
# Marks that may be left out: accents, enclosing signs, vowels of Arabic and Hebrew.
# Marks of other scripts make other words, such as those of kana and of Thai.
_MARKS: Final = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0640\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)
# Characters without width that Unicode counts as letters or marks.
_EMPTY: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
_BETWEEN_LETTERS: Final = re.compile(
    rf"(?<=[a-z])[{re.escape(SIGNS)}]+(?=[a-z])"  # of a folded text
)


class Fold(dict[int, str]):
    """A way to fold text, as a table for `str.translate` that fills itself."""

    def __init__(self, char: Callable[[str], str]) -> None:
        super().__init__()
        self._char = char

    def __missing__(self, code: int) -> str:
        if len(self) >= MOST_KNOWN:
            self.clear()
        made = self[code] = self._char(chr(code))
        return made

    def __call__(self, text: str) -> str:
        """Return the text folded, with single blanks."""
        return " ".join(text.translate(self).split())

    def places(self, text: str) -> list[int]:
        """Return for each character of the folded text its place in `text`."""
        found: list[int] = []
        blank = False
        for place, char in enumerate(text):
            for made in self[ord(char)]:
                if made.isspace():
                    blank = bool(found)
                    continue
                if blank:
                    found.append(place)
                    blank = False
                found.append(place)
        return found


def _even(char: str) -> str:
    """Return a character without case and width."""
    if char.isspace():
        return " "
    wide = unicodedata.normalize("NFKD", char)
    return unicodedata.normalize("NFKD", wide.casefold())


def _bare(char: str) -> str:
    """Return a character without case, width and accents; "" if it shows nothing."""
    is_shown = unicodedata.category(char) not in ("Cc", "Cf", "Cs")
    if not (is_shown or char.isspace()) or _EMPTY.match(char):
        return ""
    even = _MARKS.sub("", _even(char))
    # Kana keep their marks as one character. A Hangul syllable is its letters, because
    # it may be written as these.
    return even if ord(char) in _HANGUL else unicodedata.normalize("NFC", even)


def _latin(char: str) -> str:
    """Return a character as `_bare` does, or the Latin letter that it looks like."""
    return CAPITAL.get(ord(char)) or _bare(char).translate(SMALL)


even: Final = Fold(_even)
bare: Final = Fold(_bare)
latin: Final = Fold(_latin)


def read_signs(text: str) -> list[str]:
    """Return the readings of a folded text whose words have digits between letters.

    Each is as long as the text. There is none if no digit could be a letter.
    """
    if not _BETWEEN_LETTERS.search(text):
        return []
    return [_read(text, reading) for reading in READINGS]


def _read(text: str, reading: Mapping[int, str]) -> str:
    return _BETWEEN_LETTERS.sub(lambda found: found[0].translate(reading), text)
