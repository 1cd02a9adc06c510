from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models.mails import addresses_in
from accounts.models.tags import keywords_of
from mjproxy.lib.validators.text_lists import parted


@pytest.mark.parametrize(
    "text",
    [
        "a, b c",
        "a,b c",
        "a;b c",
        "a，b c",
        "a、b c",
        "a；b c",
        "a\nb c",
        "a\r\nb c\r\n",
        "a\tb c",
        " a ,, ;b c , a",
        "a\u2028b c",
    ],
)
def test_what_parts_a_pasted_list(text: str) -> None:
    assert parted(text) == ["a", "b c"]


def test_blanks_part_only_where_that_is_said() -> None:
    assert parted("a b\tc,d", r"\s") == ["a", "b", "c", "d"]
    assert parted("") == parted(" ,;，\n") == []


@given(st.text())
def test_a_part_is_never_empty_and_is_one(text: str) -> None:
    for part in parted(text):
        assert part.strip() == part != ""
        assert parted(part) == [part]


def test_keywords_and_addresses_are_such_lists() -> None:
    assert keywords_of(["Fox, 狐狸", "A；B", "fox"]) == ["fox", "狐狸", "a", "b"]
    assert addresses_in("a@b.c，d@e.f; a@b.c\ng@h.i j@k.l") == [
        "a@b.c",
        "d@e.f",
        "g@h.i",
        "j@k.l",
    ]
