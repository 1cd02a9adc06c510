"""The catalogue has each text of the pages, and is the one that Django reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo

from tests.texts.sources import (
    ADMIN,
    MO,
    PACKAGES,
    ROOT,
    compiled,
    strings_of,
    texts_in,
    wanted,
    written,
)

PLACEHOLDER: Final = re.compile(r"%\(\w+\)[sd]|%[sd%]|</?\w+>|\{\w+\}")
SCRIPT_WORD: Final = re.compile(r'^  (\w+): "(.*)",$', re.MULTILINE)


def texts_of(catalog: Catalog) -> dict[tuple[tuple[str, ...], str | None], Message]:
    """Return the texts by what they are in English, with their contexts."""
    return {(english(each), each.context): each for each in catalog if each.id}


def english(message: Message) -> tuple[str, ...]:
    found: Any = message.id
    return (found,) if isinstance(found, str) else tuple(found)


def test_no_text_is_missing_and_none_is_left_over() -> None:
    there, needed = texts_of(written()), texts_of(wanted())

    assert len(needed) > 250
    assert needed.keys() - there.keys() == set(), "make texts"
    assert there.keys() - needed.keys() == set(), "make texts"


def test_each_text_has_its_chinese() -> None:
    empty = [each.id for each in written() if each.id and not all(strings_of(each))]
    in_english = {
        each.id
        for each in written()
        if each.id and not re.search(r"[\u4e00-\u9fff]", "".join(strings_of(each)))
    }

    assert empty == []
    assert in_english == set()


def test_both_languages_have_the_same_placeholders() -> None:
    wrong = {
        str(each.id): text
        for each in written()
        if each.id
        for text in strings_of(each)
        if sorted(PLACEHOLDER.findall(text))
        != sorted(PLACEHOLDER.findall(english(each)[-1]))
    }

    assert wrong == {}


def test_the_compiled_file_has_what_the_catalogue_has() -> None:
    def content(raw: bytes) -> dict[Any, tuple[str, ...]]:
        read = texts_of(read_mo(BytesIO(raw)))
        return {key: strings_of(each) for key, each in read.items()}

    assert content(MO.read_bytes()) == content(compiled(written())), "make texts"


def test_no_page_of_people_is_taken_for_one_of_the_admin() -> None:
    left_out = {
        name
        for path in (ROOT / "templates").rglob("*.html")
        if ADMIN.match(name := path.relative_to(ROOT).as_posix())
        and "{% extends" in path.read_text()
    }

    assert {name for name in left_out if not name.startswith("templates/admin/")} == (
        set()
    )


def test_a_call_that_is_not_seen_would_be_found() -> None:
    """The extractor sees as many calls as the code has; it reads no f-strings."""
    call = re.compile(r"(?<![\w.])(?:_|n?p?gettext(?:_lazy|_noop)?)\(\s*f?[\"']")
    for name in PACKAGES:
        for path in sorted((ROOT / name).rglob("*.py")):
            seen = len(list(texts_in(path)))
            assert seen == len(call.findall(path.read_text())), path


# --- the words of the drawing page ----------------------------------------------------


def words(language: str) -> dict[str, str]:
    text = (ROOT / f"static/tasks/words-{language}.js").read_text()
    found = SCRIPT_WORD.findall(text)
    inside = [line for line in text.splitlines() if line.startswith("  ")]
    assert len(found) == len([line for line in inside if "//" not in line[:4]])
    return dict(found)


def scripts() -> Iterator[str]:
    for path in (ROOT / "static/tasks").glob("*.js"):
        if not path.name.startswith("words-"):
            yield path.read_text()


def test_each_word_of_the_scripts_is_in_both_languages() -> None:
    en, zh = words("en"), words("zh")

    assert en.keys() == zh.keys()
    assert {key for key in en if bool(en[key]) != bool(zh[key])} == set()
    marks = re.compile(r"\{\w+\}")
    assert {
        key
        for key in en
        if sorted(marks.findall(en[key])) != sorted(marks.findall(zh[key]))
    } == set()


def test_each_word_that_the_scripts_say_is_there() -> None:
    said = set(re.findall(r'say\((?:[^()"]*\? )?"(\w+)"', "".join(scripts())))

    assert len(said) > 40
    assert said - words("en").keys() == set()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_word_is_written_once(language: str) -> None:
    text = (ROOT / f"static/tasks/words-{language}.js").read_text()
    keys = [key for key, _ in SCRIPT_WORD.findall(text)]

    assert len(keys) == len(set(keys))
