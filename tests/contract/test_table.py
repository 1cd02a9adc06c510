from __future__ import annotations

import importlib
import pkgutil

from tests import contract
from tests.contract.cases import CASES, TESTED
from tests.contract.clients import CLIENTS
from tests.contract.table import CELLS, LETTERS


def test_every_client_of_the_table_is_known_once() -> None:
    letters = [client.letter for client in CLIENTS]

    assert set(letters) == LETTERS
    assert len(letters) == len(set(letters))


def test_a_client_sends_what_the_table_says_and_nothing_else() -> None:
    assert {case.cell for case in CASES} == CELLS


def test_every_cell_of_the_table_has_a_test() -> None:
    for module in pkgutil.iter_modules(contract.__path__):
        if module.name.startswith("test_"):
            importlib.import_module(f"{contract.__name__}.{module.name}")

    assert sorted(CELLS - TESTED) == []
