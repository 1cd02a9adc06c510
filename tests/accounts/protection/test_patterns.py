"""Which patterns a path matches."""

from __future__ import annotations

import pytest

from accounts.protection.patterns import PathTable

PATH = "/mj/submit/imagine"


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        (PATH, PATH, True),
        (PATH, f"{PATH}/", False),
        ("/MJ/Submit/imagine", PATH, True),
        ("*/mj/submit/*", "/mj-fast/mj/submit/imagine", True),
        ("*/mj/submit/*", "/mj/task/list", False),
        ("*imagine", PATH, True),
        ("*imagine", f"{PATH}/x", False),
        ("/mj/*", PATH, True),
        ("/mj/*", "/x/mj/", False),
        ("*", PATH, True),
        ("**", "/", True),
        ("/绘图/*", "/绘图/一", True),
        ("/%E7%BB%98%E5%9B%BE", "/绘图", True),
        ("/STRASSE", "/straße", True),
        ("/a%20b", "/a b", True),
        ("*" + "x" * 400, PATH, False),
        ("x" * 400 + "*", PATH, False),
    ],
)
def test_a_path_matches(pattern: str, path: str, matches: bool) -> None:
    table = PathTable([(pattern, 1)])

    assert table.find(path) == ((1,) if matches else ())
    assert table.find(path) == ((1,) if matches else ())  # as it is remembered


def test_all_fitting_patterns_count() -> None:
    patterns = [PATH, "*imagine", "/mj/*", "*submit*", "*blend*"]
    table = PathTable((pattern, pattern) for pattern in patterns)

    assert set(table.find(PATH)) == set(patterns[:4])


def test_a_long_path_matches_too() -> None:
    table = PathTable([("*/end", 1)])

    assert table.find("/" + "x" * 8000 + "/end") == (1,)


def test_among_ten_thousand_patterns_the_fitting_one_is_found() -> None:
    many = {f"*/of/{number:05}/*": number for number in range(10_000)}
    table = PathTable([*many.items(), ("*submit*", -1)])

    assert table.find("/x/of/00042/y") == (42,)
    assert table.find("/of/00042/of/00043/of/00042/submit") in {
        (42, 43, -1),
        (43, 42, -1),
    }
    assert table.find("/of/" + "/of/".join(map(str, range(3000)))) == ()
