"""Split the numbered prompts in the bot's answers to describe and shorten."""

from __future__ import annotations

import re
from typing import Final

# Heading of the list in a shorten answer; the text before it is the prompt itself.
_SHORTENED: Final = re.compile(
    r"^#+\s*shortened prompts.*$", re.IGNORECASE | re.MULTILINE
)
_KEYCAP: Final = re.compile(
    "^[ \\t]*(?:(?P<digit>[1-9])\ufe0f?\u20e3|\U0001f51f)", re.MULTILINE
)
_PLAIN: Final = re.compile(r"^[ \t]*(?P<digit>[1-9])[.)][ \t]", re.MULTILINE)
_PARAGRAPHS: Final = re.compile(r"\n\s*\n")
_MARKDOWN_LINK: Final = re.compile(
    r"\[(?P<text>[^\[\]]*+)\]\((?:[^()\s]|\([^()\s]*+\))*+(?:[ \t]\"[^\"\n]*+\")?\)"
)


def numbered(text: str) -> list[str]:
    """Return the prompts of a list `1️⃣ ... 2️⃣ ...`, number n at index n - 1.

    A number that is missing gives an empty text. If there are no numbers, each
    paragraph is a prompt. Links are replaced by their text.
    """
    if heading := _SHORTENED.search(text):
        text = text[heading.end() :]
    text = _MARKDOWN_LINK.sub(lambda match: match["text"], text)
    for marker in (_KEYCAP, _PLAIN):
        if marks := list(marker.finditer(text)):
            return _cut(text, marks)
    return [line for part in _PARAGRAPHS.split(text) if (line := _line(part))]


def _cut(text: str, marks: list[re.Match[str]]) -> list[str]:
    found: dict[int, str] = {}
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    for mark, end in zip(marks, ends, strict=True):
        found.setdefault(int(mark["digit"] or 10), _line(text[mark.end() : end]))
    return [found.get(number, "") for number in range(1, max(found) + 1)]


def _line(text: str) -> str:
    return " ".join(text.split())
