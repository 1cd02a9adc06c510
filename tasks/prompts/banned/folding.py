"""Fold text so that spellings of one word are equal, and find their places again.

A character is folded whatever stands beside it. So each place in a folded text belongs
to one place in the text that people wrote.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Final

from tasks.prompts.banned.lookalikes import (
    CAPITAL,
    IN_MIXED,
    MONEY,
    READINGS,
    SMALL,
)

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
# Those among them, and control characters, that a reader may take for a blank.
_BREAK: Final = re.compile(
    "[\0-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u115f\u1160\u200b\u2800\u3164\uffa0]"
)
# A Latin letter beside one that looks like one.
_MIXED: Final = re.compile(
    "[a-z][{0}]|[{0}][a-z]".format("".join(map(chr, [*SMALL, *IN_MIXED])))
)
# What stands before and after signs (\0). At the end of short words digits are
# numbers, as in "A55".
_SIGNS: Final = re.escape("".join(READINGS[-1]))
_AROUND_ANY: Final = re.compile(rf"[a-z]\0[a-z]|(?<![a-z0-9_])\0[a-z][a-z{_SIGNS}]")
_AROUND_DIGITS: Final = re.compile(rf"[a-z{_SIGNS}]{{2}}[a-z]\0(?![a-z0-9_])")
_AROUND_MONEY: Final = re.compile(r"[a-z]\0(?![a-z0-9_])")


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

    def breaks(self, text: str) -> frozenset[int]:
        """Return the places in the folded text where a hidden blank was left out."""
        if not _BREAK.search(text):
            return frozenset()
        gaps = enumerate(pairwise(self.places(text)), 1)
        return frozenset(
            number
            for number, (before, after) in gaps
            if _BREAK.search(text, before + 1, after)
        )

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


def _loose(char: str) -> str:
    """Return a character as `_latin` does, also for letters that look less like it."""
    return _latin(char).translate(IN_MIXED)


bare: Final = Fold(_bare)
latin: Final = Fold(_latin)
loose: Final = Fold(_loose)


def is_mixed(text: str) -> bool:
    """Tell whether a word of a folded text may have letters of two scripts."""
    return _MIXED.search(text) is not None


def read_signs(text: str) -> list[str]:
    """Return the readings of a folded text whose words have digits for letters.

    Each is as long as the text. There is none if no digit could be a letter.
    """
    present = [sign for sign in READINGS[-1] if sign in text]
    different = {reading.of(present): reading for reading in reversed(_READINGS)}
    read = dict.fromkeys(reading(text) for reading in different.values())
    return [form for form in read if form != text]


class _Reading:
    """A way to read signs as letters."""

    def __init__(self, letters: Mapping[str, str]) -> None:
        self._signs = re.compile(f"[{re.escape(''.join(letters))}]+")
        self._letters = letters
        self._table = str.maketrans(dict(letters))

    def __call__(self, text: str) -> str:
        return self._signs.sub(self._read, text)

    def of(self, signs: Iterable[str]) -> frozenset[tuple[str, str]]:
        """Return how some signs are read; the same for readings that do not differ."""
        return frozenset(
            (sign, self._letters[sign]) for sign in signs if sign in self._letters
        )

    def _read(self, found: re.Match[str]) -> str:
        signs = found[0]
        return signs.translate(self._table) if _is_within_word(found) else signs


def _is_within_word(signs: re.Match[str]) -> bool:
    text, (start, end) = signs.string, signs.span()
    around = f"{text[max(0, start - 3) : start]}\0{text[end : end + 2]}"
    if _AROUND_ANY.search(around):
        return True
    if MONEY.keys() >= set(signs[0]):
        return _AROUND_MONEY.search(around) is not None
    return signs[0].isdigit() and _AROUND_DIGITS.search(around) is not None


_READINGS: Final = [_Reading(letters) for letters in READINGS]
