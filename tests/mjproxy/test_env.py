from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from mjproxy import env


@pytest.fixture
def setenv(monkeypatch: pytest.MonkeyPatch) -> Any:
    return monkeypatch.setenv


def test_text_is_stripped_and_has_a_default(setenv: Any) -> None:
    setenv("X_NAME", "  value ")

    assert env.text("X_NAME") == "value"
    assert env.text("X_OTHER", "default") == "default"


def test_a_file_may_hold_the_value(setenv: Any, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("value\n")
    setenv("X_NAME_FILE", str(tmp_path / "secret"))

    assert env.text("X_NAME") == "value"


def test_a_missing_file_stops_the_start(setenv: Any, tmp_path: Path) -> None:
    setenv("X_NAME_FILE", str(tmp_path / "none"))

    with pytest.raises(ImproperlyConfigured, match="X_NAME_FILE"):
        env.text("X_NAME")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("1", True),
        ("TRUE", True),
        ("on", True),
        ("0", False),
        ("No", False),
        ("", False),
    ],
)
def test_flags_are_words(setenv: Any, value: str, found: bool) -> None:
    setenv("X_FLAG", value)

    assert env.flag("X_FLAG") is found


@pytest.mark.parametrize("value", ["perhaps", "2", "ja"])
def test_a_word_that_is_no_flag_stops_the_start(setenv: Any, value: str) -> None:
    setenv("X_FLAG", value)

    with pytest.raises(ImproperlyConfigured, match="X_FLAG"):
        env.flag("X_FLAG")


@pytest.mark.parametrize("value", ["0", "70000", "1.5", "x"])
def test_a_number_out_of_range_stops_the_start(setenv: Any, value: str) -> None:
    setenv("X_PORT", value)

    with pytest.raises(ImproperlyConfigured, match="X_PORT"):
        env.number("X_PORT", 8080, low=1, high=65535)


def test_a_number_has_a_default(setenv: Any) -> None:
    setenv("X_PORT", "")

    assert env.number("X_PORT", 8080) == 8080


def test_an_address_loses_its_last_slash(setenv: Any) -> None:
    setenv("X_URL", "https://a.example/b/")

    assert env.url("X_URL", schemes=("https",)) == "https://a.example/b"


@pytest.mark.parametrize("value", ["a.example", "ftp://a.example", "https://"])
def test_what_is_no_address_stops_the_start(setenv: Any, value: str) -> None:
    setenv("X_URL", value)

    with pytest.raises(ImproperlyConfigured, match="X_URL"):
        env.url("X_URL", schemes=("http", "https"))


def test_a_kept_secret_is_made_once_and_only_its_owner_reads_it(
    tmp_path: Path,
) -> None:
    made = iter(["first", "second"])

    found = [
        env.kept_secret("MJPROXY_X_SECRET", tmp_path / "s", lambda: next(made))
        for _ in range(2)
    ]

    assert found == ["first", "first"]
    assert (tmp_path / "s" / "x_secret").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "s").iterdir()] == ["x_secret"]


def test_a_given_secret_is_not_written_down(setenv: Any, tmp_path: Path) -> None:
    setenv("MJPROXY_X_SECRET", "given")

    assert env.kept_secret("MJPROXY_X_SECRET", tmp_path / "s", str) == "given"
    assert not (tmp_path / "s").exists()
