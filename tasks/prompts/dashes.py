"""Repair the dashes of parameters, and full-width characters in their values.

Phones, word processors and Chinese keyboards replace two hyphens by one dash or by two
other dashes. Unicode defines which characters are dashes; the text around a dash
decides whether it begins a parameter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from tasks.prompts.parameters import FLAGS, KNOWN, NUMBERS, canonical

_MINUS: Final = "\u2212"
_JOINERS: Final = "\u200c\u200d"  # they are part of words and emojis
_PLANES: Final = range(0x11000)  # code points above these are not dashes


def _is_dash(char: str) -> bool:
    """Tell whether a character is a dash: category Pd, minus, or folds to one."""
    return all(
        c == _MINUS or unicodedata.category(c) == "Pd"
        for c in unicodedata.normalize("NFKC", char)
    )


def _is_invisible(char: str) -> bool:
    """Tell whether a character has no width, such as a direction mark."""
    return char not in _JOINERS and unicodedata.bidirectional(char) != "AN"


def _all(fits: Callable[[str], bool], *categories: str) -> str:
    """Return the matching characters, for a character class in a pattern."""
    found = (c for c in map(chr, _PLANES) if unicodedata.category(c) in categories)
    return "".join(re.escape(char) for char in found if fits(char))


DASHES: Final = _all(_is_dash, "Pd", "Sm")
_INVISIBLE: Final = _all(_is_invisible, "Cf")
_UNSEEN: Final = re.compile(f"[{_INVISIBLE}]+")

# A run of dashes. `free`: it begins a word (after Chinese text also without a blank).
# `word`: the text that follows.
_RUN: Final = re.compile(
    rf"(?<![{_INVISIBLE}])(?P<free>(?<!\S)|(?<=[　-ヿ㐀-鿿＀-￯]))?"
    rf"(?P<dashes>[{_INVISIBLE}]*+[{DASHES}][{DASHES}{_INVISIBLE}]*+)"
    r"(?=(?P<word>\S{0,40}))"
)
# The value that must follow a single dash and a name, for it to be a parameter.
_ONE: Final = r"[0-9]{0,9}\.?[0-9]{1,12}"
_NUMBER: Final = re.compile(rf"\s*(\{{|{_ONE}(?![^\s,]))")
_RATIO: Final = re.compile(rf"\s*(\{{|{_ONE}:{_ONE}(?!\S))")
_NOTHING: Final = re.compile(rf"\s*($|[{DASHES}])")
# A dash at the end of a word closes an aside that a dash before a word opened.
_CLOSING: Final = re.compile(rf"\w[{DASHES}](?=[\s,.;:!?)]|$)")
_COLON: Final = re.compile(r"(?<=[0-9])(\W)(?=[0-9])")
_LOOK: Final = 80  # characters after a name that are examined


def mended(text: str) -> str:
    """Return the text with `--` for all dashes that begin a known parameter.

    Three hyphens elsewhere become a blank. Other dashes stay; a single dash begins a
    parameter only if a value of the right kind follows.
    """
    return _RUN.sub(_led, _RUN.sub(_parted, text))


def _parted(match: re.Match[str]) -> str:
    return " " if "---" in match["dashes"] and not _leads(match) else match[0]


def _led(match: re.Match[str]) -> str:
    return " --" if _leads(match) else match[0]


def _leads(match: re.Match[str]) -> bool:
    name = folded(match["word"])
    if match["free"] is None or name.lower() not in KNOWN:
        return False
    dashes = _UNSEEN.sub("", match["dashes"])
    if len(dashes) > 1:
        return True
    start = match.end() + len(match["word"])
    return dashes != "-" and _follows(name, match.string[start : start + _LOOK])


def _follows(name: str, rest: str) -> bool:
    """Tell whether `rest` can be the value of this parameter."""
    rest, kind = folded(rest), canonical(name)
    if kind == "ar":
        return bool(_RATIO.match(_colons(rest)))
    if kind in NUMBERS:
        return bool(_NUMBER.match(rest))
    if kind in FLAGS:
        return bool(_NOTHING.match(rest))
    return not _CLOSING.search(rest)


# --- values --------------------------------------------------------------------------


def folded(text: str) -> str:
    """Return the text with full-width characters replaced by ASCII."""
    return unicodedata.normalize("NFKC", _UNSEEN.sub("", text))


def with_plain_values(words: list[str]) -> list[str]:
    """Return a prompt's words, with ASCII names and values of parameters.

    Values that have no ASCII form stay, and so do words after `--no` and links.
    """
    found, kind = [], ""
    for word in words:
        if word.startswith("--"):
            name = folded(word[2:])
            kind = canonical(name) if name.lower() in KNOWN else ""
            word = f"--{name}" if kind else word
        elif kind and kind != "no" and "://" not in word:
            plain = _colons(folded(word)) if kind == "ar" else folded(word)
            is_value = plain.isascii() and "-" not in plain
            word = plain if is_value else word
        found.append(word)
    return [word for word in found if word]


def _colons(text: str) -> str:
    """Return the text with an ASCII colon for any colon between two digits."""

    def colon(match: re.Match[str]) -> str:
        names = unicodedata.name(match[1], "").split()
        return ":" if {"COLON", "RATIO"} & set(names) else match[1]

    return _COLON.sub(colon, text)
