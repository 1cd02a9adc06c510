"""Find links in prompts, tell whose they are, and replace them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit

# Midjourney loads pictures of these hosts; pictures of others are copied first.
OFFICIAL_HOSTS: Final = ("discordapp.com", "discordapp.net", "mj.run", "midjourney.com")


def _ends_a_link(char: str) -> bool:
    """Tell whether a character outside ASCII ends a link.

    Links may contain letters and signs of all scripts, dashes, and the middle dot of
    names.
    """
    if char in "·・":
        return False
    if "\uff00" <= char <= "\uffef":  # full-width forms of ASCII
        return not char.isalnum()
    category = unicodedata.category(char)
    return category[0] in "PZC" and category != "Pd"


def _ranges(chars: Iterable[str]) -> str:
    """Return the characters as ranges for a character class in a pattern."""
    found: list[list[int]] = []
    for code in map(ord, chars):
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return "".join(f"\\u{low:04x}-\\u{high:04x}" for low, high in found)


# A link ends at a blank, at a quote, at punctuation of other scripts, and before
# another link, a weight such as `::2` or a Chinese dash. A closing bracket belongs to
# it if the link contains the opening one. Trailing commas and full stops belong to the
# sentence. Echoes have links in angle brackets.
_OTHERS: Final = _ranges(filter(_ends_a_link, map(chr, range(0x80, 0x10000))))
_STOP: Final = rf"\s<>\"`{_OTHERS}"
_LAST: Final = r",.;:!?'|*\\"
_NEXT: Final = (
    rf"(?![{_LAST}]{{1,9}}https?://|::-?[0-9.]*(?:[\s,]|\Z)|[—―]{{2}}[^\x00-\x7f—―])"
)
_CHAR: Final = rf"{_NEXT}[^{_STOP}()\[\]{{}}]"
_PAIRS: Final = "|".join(
    rf"\{left}(?:{_NEXT}[^{_STOP}{left}\{right}])*+\{right}"
    for left, right in (("(", ")"), ("[", "]"), ("{", "}"))
)
# An opening bracket without a closing one counts as a letter.
_PART: Final = rf"(?:{_PAIRS}|{_CHAR}|{_NEXT}[(\[{{])"
LINK: Final = re.compile(
    r"<(?P<wrapped>https?://[^\s<>]+)>"
    rf"|(?P<plain>https?://{_PART}*(?<![{_LAST}(\[{{])(?<!://))",
    re.IGNORECASE,
)


def url_of(match: re.Match[str]) -> str:
    return match["wrapped"] or match["plain"]


def links_of(prompt: str) -> list[str]:
    """Return the links without brackets, each once, in the order of the prompt."""
    return list(dict.fromkeys(map(url_of, LINK.finditer(prompt))))


def is_official(url: str, own: Collection[str] = ()) -> bool:
    """Tell whether a link leads to pictures of Discord or Midjourney.

    `own` are more host names that count. A host must match whole labels:
    `mj.run.example` and `notmj.run` do not.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or set(parts.netloc) & set("@\\"):
        return False
    official = host.endswith(tuple(f".{name}" for name in OFFICIAL_HOSTS))
    return official or host in OFFICIAL_HOSTS or host in own


def foreign_links(prompt: str, own: Collection[str] = ()) -> list[str]:
    """Return the links of `links_of` that are not official."""
    return [url for url in links_of(prompt) if not is_official(url, own)]


def replace_links(prompt: str, replacements: Mapping[str, str]) -> str:
    """Return the prompt with links replaced in one pass."""

    def replaced(match: re.Match[str]) -> str:
        url = url_of(match)
        return match[0].replace(url, replacements.get(url, url))

    return LINK.sub(replaced, prompt)


def unwrapped(prompt: str) -> str:
    """Return the prompt with bare links between blanks, as the bot needs them."""
    return LINK.sub(lambda m: f" {m['wrapped']} " if m["wrapped"] else m[0], prompt)


def outside_links(prompt: str, change: Callable[[str], str]) -> str:
    """Return the prompt with `change` applied to the text between links."""
    parts, position = [], 0
    for match in LINK.finditer(prompt):
        parts += [change(prompt[position : match.start()]), match[0]]
        position = match.end()
    return "".join([*parts, change(prompt[position:])])
