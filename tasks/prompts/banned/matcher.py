"""Matcher: finds banned terms in prompts, all of them in one pass.

A prompt is searched in several forms (`folding.py`), so that accents, letters without
width and look-alikes hide no word. Places are computed only where something is found.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from ahocorasick import Automaton

from tasks.prompts.banned.folding import (
    Fold,
    bare,
    even,
    is_mixed,
    latin,
    loose,
    read_signs,
)

# Chinese and Japanese have no blanks between words, so a word of theirs is found
# anywhere, and a Latin word is found between such characters.
_LATIN: Final = re.compile("[a-z]")
_SEAMLESS: Final = (("\u3040", "\u30ff"), ("\u3400", "\u4dbf"), ("\u4e00", "\u9fff"))


@dataclass(frozen=True)
class Hit:
    """A term in a prompt: where it begins and ends, and the text that stands there."""

    start: int
    end: int
    text: str
    term: str
    group: str


class _Words:
    """Patterns that are found as whole words.

    The automaton gets the bytes of UTF-8, each as a character: it tries the letters
    that may follow one after the other, and of Chinese there would be thousands.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._automaton = Automaton()
        for pattern in patterns:
            self._automaton.add_word(_bytes(pattern), pattern)
        self._automaton.make_automaton()

    def spans(
        self, text: str, breaks: Container[int] = ()
    ) -> Iterator[tuple[int, int, str]]:
        """Yield where a pattern begins and ends in a folded text, and the pattern.

        A word may also begin and end at one of the breaks.
        """
        if not self._automaton:
            return
        ends: dict[int, int] | None = None
        for last, pattern in self._automaton.iter(_bytes(text)):
            if ends is None and not text.isascii():
                ends = _ends(text)
            end = ends[last + 1] if ends else last + 1
            start = end - len(pattern)
            if _is_whole(text, start, end, breaks):
                yield start, end, pattern


class Matcher:
    """Terms, each with the name of its group, and phrases that are allowed.

    A term inside an allowed phrase is not found. The phrase counts only in its plain
    spelling: in any case and width, but with its accents and without hidden letters.
    """

    def __init__(
        self, terms: Mapping[str, str] | None = None, allowed: Iterable[str] = ()
    ) -> None:
        self._terms: dict[str, tuple[str, str]] = {}
        for term, group in (terms or {}).items():
            for form in _forms_of(term):
                self._terms.setdefault(form, (term, group))
        self._words = _Words(self._terms)
        self._allowed = _Words(filter(None, map(even, allowed)))

    def first(self, prompt: str) -> Hit | None:
        """Return the first hit; of several that begin there, the longest."""
        hits = self.hits(prompt)
        return hits[0] if hits else None

    def hits(self, prompt: str) -> list[Hit]:
        """Return all hits in their order in the prompt."""
        found = dict.fromkeys(self._struck(prompt))
        if not found:
            return []
        permits = _Cover(self._spans(self._allowed, prompt, even(prompt), even))
        kept = (hit for hit in found if not permits.cover(hit.start, hit.end))
        return sorted(kept, key=lambda hit: (hit.start, -hit.end))

    def _struck(self, prompt: str) -> Iterator[Hit]:
        plain = bare(prompt)
        forms = [(plain, bare)]
        if not prompt.isascii():
            for fold in (latin, loose) if is_mixed(plain) else (latin,):
                if (likened := fold(prompt)) != forms[-1][0]:
                    forms.append((likened, fold))
        last, fold = forms[-1]
        forms += [(reading, fold) for reading in read_signs(last)]
        for text, fold in forms:
            for start, end, form in self._spans(self._words, prompt, text, fold):
                found = prompt[start:end]
                if fold is not loose or _LATIN.search(bare(found)):
                    yield Hit(start, end, found, *self._terms[form])

    @staticmethod
    def _spans(
        words: _Words, prompt: str, text: str, fold: Fold
    ) -> Iterator[tuple[int, int, str]]:
        """Yield where words stand in the prompt, of which `text` is a folded form."""
        places: list[int] | None = None
        for start, end, form in words.spans(text, fold.breaks(prompt)):
            places = places or fold.places(prompt)
            yield places[start], _with_marks(prompt, places[end - 1] + 1), form


class _Cover:
    """Spans of a text, asked whether one of them covers another span."""

    def __init__(self, spans: Iterable[tuple[int, int, str]]) -> None:
        ordered = sorted((start, end) for start, end, _ in spans)
        self._starts = [start for start, _ in ordered]
        self._ends = list(accumulate((end for _, end in ordered), max))

    def cover(self, start: int, end: int) -> bool:
        before = bisect_right(self._starts, start)
        return before > 0 and self._ends[before - 1] >= end


def _forms_of(term: str) -> list[str]:
    """Return the folded forms under which a term is searched."""
    plain, likened = bare(term), latin(term)
    # A term of look-alikes alone would become another word, of Latin letters.
    mixed = likened != plain and not likened.replace(" ", "").isascii()
    return [form for form in (plain, likened if mixed else "") if form]


def _bytes(text: str) -> str:
    """Return the bytes of a text in UTF-8, as a text of that many characters."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def _ends(text: str) -> dict[int, int]:
    """Return the number of characters by the byte at which the last of them ends."""
    sizes = accumulate(len(char.encode("utf-8", "surrogatepass")) for char in text)
    return {size: count for count, size in enumerate(sizes, 1)}


def _is_whole(text: str, start: int, end: int, breaks: Container[int]) -> bool:
    """Tell whether no word goes on before or after a span."""
    goes_on_before = start > 0 and _is_of_word(text[start - 1])
    if goes_on_before and not (_is_seamless(text[start]) or start in breaks):
        return False
    goes_on_after = end < len(text) and _is_of_word(text[end])
    return not goes_on_after or _is_seamless(text[end - 1]) or end in breaks


def _is_of_word(char: str) -> bool:
    return (char.isalnum() or char == "_") and not _is_seamless(char)


def _is_seamless(char: str) -> bool:
    return any(low <= char <= high for low, high in _SEAMLESS)


def _with_marks(prompt: str, end: int) -> int:
    """Return the end of a span together with the marks that follow it."""
    while end < len(prompt) and unicodedata.category(prompt[end]) == "Mn":
        end += 1
    return end
