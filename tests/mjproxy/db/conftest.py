"""Connections to a database server behind a relay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from dj_database_url import DBConfig
from django.db.utils import ConnectionHandler

from mjproxy.db.connection_gate import gate
from tests.mjproxy.db.statements import ask
from tests.relay import Relay


@pytest.fixture
def fresh_gate() -> Iterator[None]:
    """Let no silence be remembered."""
    gate.__init__()  # type: ignore[misc]
    yield
    gate.__init__()  # type: ignore[misc]


@pytest.fixture
def connect(line: Relay, config: DBConfig) -> Iterator[Callable[[], Any]]:
    """Make the connection that a thread would have, and use it once."""
    made: list[Any] = []

    def connected() -> Any:
        made.append(ConnectionHandler({"default": config})["default"])
        assert ask(made[-1]) == 1
        return made[-1]

    yield connected
    line.heal()
    for wrapper in made:
        wrapper.close()
