"""The words of a page that a person sees or hears."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

HIDDEN: Final = {"script", "style", "code", "kbd"}
SPOKEN: Final = {"alt", "aria-label", "placeholder", "title", "value", "data-text"}
VOID: Final = {"input", "img", "br", "hr", "link", "meta"}
LATIN: Final = re.compile(r"[A-Za-z][A-Za-z'’]+")


class _Reader(HTMLParser):
    """Collects texts, but not those that are in English by their `lang`."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        is_left_out = tag in HIDDEN or (tag != "html" and has.get("lang") == "en")
        if not is_left_out and not self._is_left_out():
            names = SPOKEN if _is_button(tag, has) else SPOKEN - {"value"}
            self.texts += [has[name] or "" for name in names if name in has]
        if tag not in VOID:
            self._open.append((tag, is_left_out))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not self._is_left_out() and data.strip():
            self.texts.append(data.strip())

    def _is_left_out(self) -> bool:
        return any(left_out for _, left_out in self._open)


def _is_button(tag: str, has: dict[str, str | None]) -> bool:
    return tag == "input" and has.get("type") in {"submit", "button"}


def texts_shown(page: str) -> list[str]:
    reader = _Reader()
    reader.feed(page)
    return reader.texts


def english_in(page: str, names: set[str]) -> dict[str, list[str]]:
    """Return the texts of a page with words of Latin letters that are no names."""
    found = {}
    for text in texts_shown(page):
        bare = re.sub(r"\S+@\S+|https?://\S*|mjp_\S*|[0-9a-f:]+/\d+", " ", text)
        if wrong := [word for word in LATIN.findall(bare) if word not in names]:
            found[text] = wrong
    return found
