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
    "a": "аαɑᴀⱥᗩᎪꓮ",
    "ae": "æӕ",
    "b": "βʙɓᗷᏴᏏꓐ",
    "c": "сᴄƈȼⲥᑕᏟꓚ",
    "d": "ԁđɗᴅɖðᗪᎠᏧꓓꓒ",
    "e": "еεҽəǝᴇєɛɘɇ℮ᗴᎬᏋꓰ",
    "f": "ꜰƒᖴꓝ",
    "g": "ɡցɢɠǥᎶᏳꓖ",
    "h": "һհħʜɦᕼᎻᏂꓧ",
    "i": "іιıɨɩɪᎥꓲ",
    "j": "јյȷᴊʝɉᒍᎫꓙ",
    "k": "кκƙᴋᏦꓗ",
    "l": "ӏłʟƚɬɭᒪᏞꓡ",
    "m": "ᴍɱᗰᎷꓟ",
    "n": "ηոɴŋɳɲᑎᏁꓠ",
    "o": "оοօøɵᴏөѳⲟꓳ",
    "oe": "œ",
    "p": "рρƥᴘⲣᑭᏢꓑ",
    "q": "ԛզꞯʠ",
    "r": "ʀɍɽɾᖇᎡᏒꓣ",
    "s": "ѕꜱʂƨᔕᏕᏚꓢ",
    "t": "τŧᴛʈƭᎢꓔ",
    "u": "υսʉᴜʋᑌᏌꓴ",
    "v": "ѵνᴠᐯᏙꓦ",
    "w": "ԝωᴡᗯᎳᏔꓪ",
    "x": "хχⲭ᙭ꓫ",
    "y": "уүγʏᎩᎽꓬ",
    "z": "ᴢʐƶᏃꓜ",
}
# Looks less like it: only in a word that has a Latin letter too, so that Russian and
# Greek words are no English ones.
_IN_MIXED: Final[Mapping[str, str]] = {
    "a": "λ",
    "b": "вьъ",
    "d": "дδ",
    "e": "зэξ",
    "h": "н",
    "m": "м",
    "n": "пиπ",
    "o": "σθф",
    "r": "яг",
    "t": "т",
    "u": "μц",
    "w": "шψ",
    "y": "ч",
}
# Capitals whose small letter looks different.
_CAPITAL: Final[Mapping[str, str]] = {
    "b": "В",
    "c": "ϲϹ",  # which Unicode counts as a sigma
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
IN_MIXED: Final[Mapping[int, str]] = {
    ord(char): letter for letter, chars in _IN_MIXED.items() for char in chars
}
CAPITAL: Final[Mapping[int, str]] = {
    ord(char): letter for letter, chars in _CAPITAL.items() for char in chars
} | {
    first + number: letter
    for first in _FRAMED
    for number, letter in enumerate(_ALPHABET)
}
# Read as letters only within words (`folding.py`): "4k" and "mp3" stay.
DIGITS: Final = {"0": "o", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "9": "g"}
MONEY: Final = {"$": "s", "€": "e", "£": "l", "¥": "y", "¢": "c"}
# These may also stand between two words.
_BETWEEN: Final = {"@": "a", "×": "x", **dict.fromkeys("○◯●〇°", "o")}
# "1", "|" and "!" are read both ways.
READINGS: Final[tuple[Mapping[str, str], ...]] = (
    DIGITS | MONEY | {"1": "i"},
    DIGITS | MONEY | {"1": "l"},
    DIGITS | MONEY | _BETWEEN | {"1": "i", "|": "i", "!": "i"},
    DIGITS | MONEY | _BETWEEN | {"1": "l", "|": "l", "!": "i"},
)
