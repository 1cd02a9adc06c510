"""Table of clients and the addresses they call: every cell needs a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# ● without it the client is of no use, ○ one of its lesser functions.
_TABLE: Final = """
                                      D L b W N c g F 3 u m h w M
POST submit/imagine                   ● ● ● ● ● ● ● ● ● ● ● ● ● ●
POST submit/action                    ● ●   ● ●   ● ● ●
POST submit/modal                     ● ●   ● ○     ○
POST submit/change                    ○   ●   ○ ●       ● ○ ●   ●
POST submit/simple-change                     ○           ●   ●
POST submit/blend                     ○ ○   ○ ○   ○       ○     ○
POST submit/describe                  ○ ○   ○ ○           ○ ○   ○
POST submit/shorten                   ○     ○ ○
POST submit/upload-discord-images     ○       ○     ○
POST submit/video                     ○             ○
POST submit/edits                     ○
POST insight-face/swap                ○     ○ ○   ○ ○
GET task/{id}/fetch                   ● ● ●       ● ● ● ● ● ●   ●
POST task/list-by-condition           ○       ●
POST task/list-by-ids                       ●
GET task/list                                           ○
GET task/queue                                            ○
GET task/{id}/image-seed              ○       ○
POST task/{id}/cancel                       ○
notifyHook                                    ○ ●             ●
/mj-fast, /mj-relax, /mj-turbo                  ○ ● ●
CORS                                  ● ●
CORS of pictures                      ○
admin                                       ●
"""


@dataclass(frozen=True, order=True)
class Cell:
    row: str
    letter: str


def _cells() -> frozenset[Cell]:
    head, *rows = _TABLE.strip("\n").splitlines()
    columns = {place: letter for place, letter in enumerate(head) if letter != " "}
    first = min(columns)
    return frozenset(
        Cell(row[:first].strip(), columns[place])
        for row in rows
        for place, mark in enumerate(row)
        if mark in "●○"
    )


CELLS: Final = _cells()
LETTERS: Final = frozenset(cell.letter for cell in CELLS)
