"""Parameters for tests of client requests, so that every row of the table is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pytest

from tests.contract.clients import CLIENTS
from tests.contract.clients.base import Client, Sends
from tests.contract.scene import Scene
from tests.contract.table import Cell
from tests.contract.wire import Sent


@dataclass(frozen=True)
class Case:
    client: Client
    name: str
    sends: Sends

    @property
    def cell(self) -> Cell:
        return Cell(self.sends.row, self.client.letter)

    def request(self, scene: Scene) -> Sent:
        return self.sends.make(self.client, scene)


CASES: Final = tuple(
    Case(client, name, sends)
    for client in CLIENTS
    for name, sends in client.sent().items()
)
# The cells that have a test, filled when the test modules are imported.
TESTED: Final[set[Cell]] = set()


def cases(
    *rows: str, only: Callable[[Case], bool] = lambda case: True
) -> pytest.MarkDecorator:
    """Run a test with each request of these rows of the table, as `case`."""
    found = [case for case in CASES if case.sends.row in rows and only(case)]
    assert found, f"no client sends {rows}"
    TESTED.update(case.cell for case in found)
    ids = [f"{case.client.name} {case.name}" for case in found]
    return pytest.mark.parametrize("case", found, ids=ids)


def each_client(
    only: Callable[[Client], bool] = lambda client: True,
) -> pytest.MarkDecorator:
    """Run a test with each client, as `client`."""
    found = [client for client in CLIENTS if only(client)]
    return pytest.mark.parametrize("client", found, ids=[c.name for c in found])
