"""Lines of CSV that programs for tables open without running anything."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

# Beginnings of formulas; programs for tables take the wide forms too.
FORMULAS: Final = (*"=+-@\t\r\n", *"＝＋－＠")


def csv_lines(rows: Iterable[Sequence[object]]) -> bytes:
    """Return rows as CSV. Texts that a program could take for a formula are marked."""
    text = io.StringIO()
    csv.writer(text).writerows([_cell(each) for each in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> object:
    is_formula = isinstance(value, str) and value.startswith(FORMULAS)
    return f"'{value}" if is_formula else value
