"""Ban words, and find banned words in a prompt."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from tasks.models import BannedWord
from tasks.snapshots import banned_words

# Chinese and Japanese have no blanks between words, so a word of theirs is found
# anywhere, and a Latin word is found between such characters.
_SEAMLESS: Final = "぀-ヿ㐀-䶿一-鿿"
_IS_SEAMLESS: Final = re.compile(f"[{_SEAMLESS}]")
_NOT_AFTER: Final = rf"(?<![^\W{_SEAMLESS}])"
_NOT_BEFORE: Final = rf"(?![^\W{_SEAMLESS}])"


def ban_too(like: BannedWord, words: Iterable[str]) -> None:
    """Ban more words with the settings of another one; existing rows stay."""
    BannedWord.objects.bulk_create(
        (BannedWord(word=word, enabled=like.enabled, note=like.note) for word in words),
        ignore_conflicts=True,
    )
    banned_words.drop()


def first_banned_word(prompt: str, words: Iterable[str]) -> str | None:
    """Return the first banned word as the prompt spells it, whole words only."""
    pattern = _pattern(tuple(words))
    match = pattern.search(prompt) if pattern else None
    return match.group() if match else None


@lru_cache(maxsize=4)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str] | None:
    """Return one expression that matches any of the words."""
    groups: dict[tuple[bool, bool], list[str]] = defaultdict(list)
    for word in filter(None, (" ".join(word.split()) for word in words)):
        edges = [not _IS_SEAMLESS.match(word[end]) for end in (0, -1)]
        groups[edges[0], edges[1]].append(word)
    found = [
        f"{_NOT_AFTER * left}(?i:{_any_of(group)}){_NOT_BEFORE * right}"
        for (left, right), group in groups.items()
    ]
    return re.compile("|".join(found)) if found else None


def _any_of(words: list[str]) -> str:
    # Grouped by first letter: a flat list of 1000 alternatives is slow at each word.
    tails: dict[str, list[str]] = defaultdict(list)
    for word in words:
        tails[word[0]].append(r"\s+".join(map(re.escape, word[1:].split(" "))))
    return "|".join(
        f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in tails.items()
    )
