from __future__ import annotations

import csv
import io

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accounts.exceptions import InvalidField
from mjproxy.lib.csv_lines import FORMULAS
from tasks.models import BannedWordGroup
from tasks.prompts.banned.files import BadFile, as_csv, as_text, import_words
from tasks.prompts.banned.groups import save_group
from tests.factories import ban

pytestmark = pytest.mark.django_db


def test_a_text_file_has_one_term_a_line() -> None:
    groups = [ban("gore", "blood bath"), ban("gore", "裸体")]

    assert as_text(groups) == "gore\nblood bath\n裸体\n"


def test_what_is_exported_as_csv_comes_back() -> None:
    terms = [
        *("＝1", "＠y"),
        '=cmd|"/c calc"!a1',
        "+1",
        "-x",
        "@y",
        "'quoted",
        "a",
        "裸体",
        "(a+)+$",
    ]
    BannedWordGroup.objects.create(name="=law", keywords=terms, allowed=["nude beach"])
    text = as_csv(BannedWordGroup.objects.all())
    BannedWordGroup.objects.all().delete()

    assert import_words(text.encode("utf-8-sig"), None, replace=False) == 11

    group = BannedWordGroup.objects.get()
    assert (group.name, group.keywords, group.allowed) == (
        "=law",
        terms,
        ["nude beach"],
    )


def test_no_cell_is_a_formula() -> None:
    wide = "＝1", "＋1", "－1", "＠sum"
    text = as_csv([ban("=1+1", "+1", "-1", "@sum", "\tgore", "\r=1", "gore", *wide)])

    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert not [cell for cell in cells if cell.startswith((*"=+-@\t\r\n＝＋－＠",))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_list_is_read_in_the_encodings_of_editors(encoding: str) -> None:
    group = ban("gore")

    import_words("裸体\r\n\r\n 血腥 \nGORE\n".encode(encoding), group, replace=False)

    group.refresh_from_db()
    assert group.keywords == ["gore", "裸体", "血腥"]


def test_a_csv_adds_to_the_groups_that_it_names() -> None:
    law, other = ban("gore"), BannedWordGroup.objects.create(name="other")
    rows = "Group, Kind ,Text\nbanned,term,nude\nnew,allowed,nude beach\n"

    import_words(rows.encode(), other, replace=True)

    found = {g.name: (g.keywords, g.allowed) for g in BannedWordGroup.objects.all()}
    assert found == {
        law.name: (["nude"], []),
        "new": ([], ["nude beach"]),
        "other": ([], []),
    }


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" \n\n",
        b"\x89PNG\r\n\x1a\n\0\0\0",
        b"\xff\xff\xff",
        b"group,kind,text\n",
        b"group,kind,text\na,b\n",
        b"group,kind,text\na,word,b\n",
        b'group,kind,text\na,term,"b\n',
        b"group,kind,text\n" + b"n" * 101 + b",term,b\n",
    ],
)
def test_what_is_no_list_changes_nothing(data: bytes) -> None:
    group = ban("gore")

    with pytest.raises((BadFile, InvalidField)):
        import_words(data, group, replace=True)

    assert [g.keywords for g in BannedWordGroup.objects.all()] == [["gore"]]


def test_a_list_needs_a_group() -> None:
    with pytest.raises(BadFile):
        import_words(b"gore", None, replace=False)


def test_too_many_terms_change_no_group() -> None:
    group = ban("gore")
    rows = "".join(f"a,term,{n}\n" for n in range(100_001))

    with pytest.raises(InvalidField):
        import_words(
            f"group,kind,text\nbanned,term,x\n{rows}".encode(), None, replace=False
        )

    assert list(BannedWordGroup.objects.values_list("keywords", flat=True)) == [
        ["gore"]
    ]
    assert group.pk


@pytest.mark.timeout(20)
def test_a_list_of_a_megabyte_is_read() -> None:
    group = ban()

    data = "".join(f"{n:09}\n" for n in range(100_000)).encode()
    assert import_words(data, group, replace=False) == 100_000

    group.refresh_from_db()
    assert len(group.keywords) == 100_000


# The API and the forms take neither NUL nor halves of a pair.
texts = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.text(texts, max_size=20),
    terms=st.lists(st.text(texts, max_size=12), max_size=6),
    allowed=st.lists(st.text(texts, max_size=12), max_size=3),
)
@example(name="'=x", terms=["''", "'=1", "a,b", 'a"b', "\ufeffa"], allowed=["-"])
@example(name=" of \x85", terms=["gore"], allowed=[])
@example(name="group", terms=["term", "text"], allowed=["group,kind,text"])
@example(name="\ufeff\u200bx", terms=["e\u0301", "\u202eabc", "ｇｏｒｅ"], allowed=[])
def test_whatever_a_group_holds_comes_back(
    name: str, terms: list[str], allowed: list[str]
) -> None:
    BannedWordGroup.objects.all().delete()
    group = BannedWordGroup(name=name, keywords=terms, allowed=allowed)
    try:
        save_group(group)
    except InvalidField:
        return
    kept = BannedWordGroup.objects.get()
    text = as_csv([kept])
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert not [cell for cell in cells if cell.startswith(FORMULAS)]
    BannedWordGroup.objects.all().delete()
    if not (kept.keywords or kept.allowed):
        return

    import_words(text.encode("utf-8-sig"), None, replace=False)

    found = BannedWordGroup.objects.get()
    assert (found.name, found.keywords, found.allowed) == (
        kept.name,
        kept.keywords,
        kept.allowed,
    )
