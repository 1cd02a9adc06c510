"""Files of banned words: text with one term a line, and CSV with the groups' names."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from django.db import transaction

from mjproxy.lib.csv_lines import FORMULAS
from tasks.models import BannedWordGroup
from tasks.prompts.banned.groups import add_terms, save_group

HEADER: Final = ("group", "kind", "text")
TERM: Final = "term"
ALLOWED: Final = "allowed"
MOST_BYTES: Final = 3_000_000


class BadFile(Exception):
    """The file cannot be read; the text says why."""


@dataclass
class Words:
    """What a file has for one group."""

    terms: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)


def as_text(groups: Iterable[BannedWordGroup]) -> str:
    """Return the terms of groups, one a line."""
    terms = (term for group in groups for term in group.keywords)
    return "".join(f"{term}\n" for term in dict.fromkeys(terms))


def as_csv(groups: Iterable[BannedWordGroup]) -> str:
    """Return groups with their terms and allowed phrases, one a row."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER)
    for group in groups:
        for kind, words in ((TERM, group.keywords), (ALLOWED, group.allowed)):
            writer.writerows(
                (_as_cell(group.name), kind, _as_cell(word)) for word in words
            )
    return text.getvalue()


def import_words(data: bytes, group: BannedWordGroup | None, *, replace: bool) -> int:
    """Add the words of a file to groups, or put them in place of theirs.

    A CSV with the header of `as_csv` names its groups, which are made where they are
    missing. All other files are lists for `group`. Returns the number of words. Raises
    BadFile, and InvalidField if a group would have too many terms.
    """
    found = dict(_of_groups(_decoded(data)))
    if not any(words.terms or words.allowed for words in found.values()):
        raise BadFile("There is no word in the file.")
    if None in found and group is None:
        raise BadFile("The file names no group: choose one.")
    with transaction.atomic():
        for name, words in found.items():
            into = group if name is None else _named(name)
            assert into is not None  # noqa: S101 - checked above
            add_terms(into.pk, words.terms, words.allowed, replace=replace)
    return sum(len(words.terms) + len(words.allowed) for words in found.values())


def _of_groups(text: str) -> Iterator[tuple[str | None, Words]]:
    """Yield the words of each group by its name; None if the file names none."""
    first = text.partition("\n")[0]
    if tuple(cell.strip().lower() for cell in first.split(",")) != HEADER:
        yield None, Words([line for line in text.splitlines() if line.strip()])
        return
    groups: dict[str, Words] = {}
    for number, row in _rows(text):
        if len(row) != len(HEADER) or row[1] not in (TERM, ALLOWED):
            raise BadFile(f"Line {number}: not a group, “term” or “allowed”, a text.")
        words = groups.setdefault(_of_cell(row[0]).strip(), Words())
        (words.terms if row[1] == TERM else words.allowed).append(_of_cell(row[2]))
    yield from groups.items()


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        next(reader)
        yield from ((reader.line_num, row) for row in reader if row)
    except csv.Error as exc:
        raise BadFile(f"Line {reader.line_num}: {exc}.") from exc


def _named(name: str) -> BannedWordGroup:
    """Return the first group of a name; a new one if there is none."""
    found = BannedWordGroup.objects.filter(name=name).first()
    if found is None:
        found = BannedWordGroup(name=name)
        if len(name) > 100:
            raise BadFile("The name of a group is longer than 100 characters.")
        save_group(found)
    return found


def _decoded(data: bytes) -> str:
    """Return the text of a file in UTF-8, or in the encoding of Chinese Windows."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise BadFile("The file is no text in UTF-8 or GB 18030.")


def _as_cell(text: str) -> str:
    return f"'{text}" if text.startswith((*FORMULAS, "'")) else text


def _of_cell(text: str) -> str:
    return text.removeprefix("'")
