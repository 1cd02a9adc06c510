"""Letters of other scripts, and signs, that look like Latin letters.

Unicode's own list of confusable characters is no help here: it makes "m" of "rn", and
letters of digits everywhere. This list has what a reader takes for the Latin letter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Cyrillic, Greek, Armenian, Latin letters of phonetics and of other alphabets. Those
# that Unicode itself decomposes, such as full-width ones, are not listed.
_SMALL: Final[Mapping[str, str]] = {
    "a": "аαɑᴀ",
    "ae": "æӕ",
    "b": "βʙɓ",
    "c": "сᴄ",
    "d": "ԁđɗᴅ",
    "e": "еεҽəǝᴇ",
    "f": "ꜰ",
    "g": "ɡցɢ",
    "h": "һհħʜ",
    "i": "іιıɨɩɪ",
    "j": "јյȷᴊ",
    "k": "кκƙᴋ",
    "l": "ӏłʟ",
    "m": "ᴍ",
    "n": "ηոɴ",
    "o": "оοօøɵᴏ",
    "oe": "œ",
    "p": "рρƥᴘ",
    "q": "ԛզꞯ",
    "r": "ʀ",
    "s": "ѕꜱ",
    "t": "τŧᴛ",
    "u": "υսʉᴜ",
    "v": "ѵνᴠ",
    "w": "ԝωᴡ",
    "x": "хχ",
    "y": "уүγʏ",
    "z": "ᴢ",
}
# Capitals whose small letter looks different.
_CAPITAL: Final[Mapping[str, str]] = {
    "b": "В",
    "h": "НΗ",
    "k": "К",
    "m": "МΜ",
    "n": "Ν",
    "t": "Т",
    "y": "Υ",
    "z": "Ζ",
}
# White on black, and the letters that flags are made of.
_FRAMED: Final = (0x1F150, 0x1F170, 0x1F1E6)
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz"

SMALL: Final[Mapping[int, str]] = {
    ord(char): letter for letter, chars in _SMALL.items() for char in chars
}
CAPITAL: Final[Mapping[int, str]] = {
    ord(char): letter for letter, chars in _CAPITAL.items() for char in chars
} | {
    first + number: letter
    for first in _FRAMED
    for number, letter in enumerate(_ALPHABET)
}
# Read as letters only between two Latin letters: "4k" and "mp3" stay. "1" and "!" are
# read both ways.
_SIGNS: Final = {"0": "o", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s"}
SIGNS: Final = "".join(_SIGNS) + "1!"
READINGS: Final[tuple[Mapping[int, str], ...]] = tuple(
    str.maketrans(_SIGNS | {"1": one, "!": "i"}) for one in ("i", "l")
)
