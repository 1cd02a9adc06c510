from __future__ import annotations

import pytest

from mjproxy.lib.web.byte_ranges import Unsatisfiable, asked


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-", range(100)),
        ("bytes=0-1", range(2)),
        ("bytes=90-400", range(90, 100)),
        ("bytes=-10", range(90, 100)),
        ("bytes=-400", range(100)),
        ("bytes = 5 - 5", range(5, 6)),
    ],
)
def test_one_part_is_understood(header: str, part: range) -> None:
    assert asked(header, 100) == part


@pytest.mark.parametrize(
    "header",
    [
        "",
        "bytes=-",
        "bytes=9-5",
        "bytes=900-5",
        "bytes=0-1,5-6",
        "pages=1-2",
        "bytes=a-b",
        "bytes=١-٢",
        "bytes=" + "9" * 400 + "-",
    ],
)
def test_anything_else_counts_as_no_part(header: str) -> None:
    assert asked(header, 100) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=500-600", "bytes=-0"])
def test_a_part_behind_the_end_cannot_be_given(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        asked(header, 100)


def test_an_empty_file_has_no_parts() -> None:
    with pytest.raises(Unsatisfiable):
        asked("bytes=0-", 0)
