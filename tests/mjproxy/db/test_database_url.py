from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from mjproxy.db.database_url import database

DATA = Path("/srv/data")
SECRET = "p%2Fa%23s%3As%40%25"  # p/a#s:s@%


@pytest.fixture(autouse=True)
def _mysql_has_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)


def test_without_an_address_it_is_a_file_in_the_data_folder() -> None:
    odd = Path("/srv/my data%41?#;,+é")

    assert database("", odd)["NAME"] == f"{odd}/mjproxy.sqlite3"


@pytest.mark.parametrize(
    ("url", "found"),
    [
        (
            f"postgres://u%40:{SECRET}@DB.example:6/name",
            {
                "ENGINE": "mjproxy.db.postgres",
                "HOST": "db.example",
                "PORT": 6,
                "USER": "u@",
                "PASSWORD": "p/a#s:s@%",
                "NAME": "name",
            },
        ),
        ("postgres://u@[::1]:6/n", {"HOST": "::1", "PORT": 6}),
        ("postgres://u@%2Fvar%2FRun%2Fpg:6/n", {"HOST": "/var/Run/pg", "PORT": 6}),
        ("postgresql://u@%2fvar%2FRun/n", {"HOST": "/var/Run", "PORT": ""}),
        ("mysql://u:p@h/n", {"ENGINE": "mjproxy.db.mysql", "CONN_HEALTH_CHECKS": True}),
        ("mariadb://u:p@h:3/n", {"ENGINE": "mjproxy.db.mysql", "PORT": 3}),
        ("mysql://u@%2Frun%2FMy.sock/n", {"HOST": "/run/My.sock"}),
        ("sqlite:////srv/a%20b%3F.db", {"NAME": "/srv/a b?.db"}),
    ],
)
def test_an_address_is_read_as_it_was_meant(url: str, found: dict[str, Any]) -> None:
    read: Mapping[str, object] = database(url, DATA)

    assert {name: read[name] for name in found} == found


def test_a_relative_file_is_the_same_for_every_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)

    assert database("sqlite:///rows.db", DATA)["NAME"] == str(tmp_path / "rows.db")


def test_parameters_go_to_the_driver() -> None:
    postgres = database("postgres://h/n?sslmode=verify-full&sslrootcert=/ca", DATA)
    mysql = database("mysql://h/n?unix_socket=/run/my.sock&ssl-ca=/ca", DATA)

    assert postgres["OPTIONS"]["sslmode"] == "verify-full"
    assert postgres["OPTIONS"]["sslrootcert"] == "/ca"
    assert mysql["OPTIONS"]["unix_socket"] == "/run/my.sock"
    assert mysql["OPTIONS"]["ssl"] == {"ca": "/ca"}
    assert mysql["OPTIONS"]["isolation_level"] == "read committed"


@pytest.mark.parametrize("url", ["postgres://h/n", "mysql://h/n"])
def test_no_connect_waits_for_long_unless_the_address_says_so(url: str) -> None:
    patient = database(f"{url}?connect_timeout=9", DATA)

    assert database(url, DATA)["OPTIONS"]["connect_timeout"] == 2
    assert str(patient["OPTIONS"]["connect_timeout"]) == "9"
    assert database(url, DATA)["CONN_HEALTH_CHECKS"]


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "oracle://u:hush@h/n",
        "postgres://u:hush@h",
        "postgres://u:hush@h/",
        "postgres://u:hush#1@h/n",
        "postgres://u:1#hush@h/n",
        "postgres://u:hush/1@h/n",
        "postgres://u:hush@h:port/n",
        "postgres://u:hush@[::1/n",
        "mysql://u:hush@h",
        "sqlite://",
        "sqlite://:memory:",
        "sqlite:///:memory:",
    ],
)
def test_what_cannot_work_is_refused_without_the_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL") as refused:
        database(url, DATA)

    assert "hush" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(ImproperlyConfigured, match=r"requirements/mysql\.txt"):
        database("mysql://h/n", DATA)
