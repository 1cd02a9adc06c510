"""Path patterns, compiled so that thousands are compared quickly."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Final, Generic, TypeVar
from urllib.parse import unquote

T = TypeVar("T")
_KEPT: Final = 4096  # paths whose rules are remembered
_LONGEST_KEPT: Final = 200  # characters


class PathTable(Generic[T]):
    """Values for patterns: `x` is a whole path, `*x` its end, `x*` its begin, `*x*` a
    part. Capitals do not count; both sides are compared decoded.
    """

    def __init__(self, pairs: Iterable[tuple[str, T]]) -> None:
        self._equal: dict[str, list[T]] = {}
        self._begins: dict[int, dict[str, list[T]]] = {}
        self._ends: dict[int, dict[str, list[T]]] = {}
        self._parts: dict[int, dict[str, list[T]]] = {}
        for pattern, value in pairs:
            self._add(pattern, value)
        self._remembered = lru_cache(_KEPT)(self._find)

    def _add(self, pattern: str, value: T) -> None:
        text = unquote(pattern.strip("*")).casefold()
        match pattern.startswith("*"), pattern.endswith("*"):
            case True, True:
                texts = self._parts.setdefault(len(text), {})
            case True, False:
                texts = self._ends.setdefault(len(text), {})
            case False, True:
                texts = self._begins.setdefault(len(text), {})
            case _:
                texts = self._equal
        texts.setdefault(text, []).append(value)

    def find(self, path: str) -> tuple[T, ...]:
        """Return the values of all patterns that a decoded path matches."""
        if len(path) > _LONGEST_KEPT:
            return self._find(path)
        return self._remembered(path)

    def _find(self, path: str) -> tuple[T, ...]:
        path = path.casefold()
        found = list(self._equal.get(path, ()))
        for length, texts in self._begins.items():
            found += texts.get(path[:length], ())
        for length, texts in self._ends.items():
            found += texts.get(path[-length:], ())
        for length, texts in self._parts.items():
            for text in _parts_in(path, length, texts):
                found += texts[text]
        return tuple(found)


def _parts_in(path: str, length: int, texts: Collection[str]) -> Collection[str]:
    """Return those of the texts, all of this length, that a path contains."""
    starts = range(len(path) - length + 1)
    if len(starts) < len(texts):
        return {path[start : start + length] for start in starts}.intersection(texts)
    return [text for text in texts if text in path]
