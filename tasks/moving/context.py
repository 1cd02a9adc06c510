"""Context: what the rows of a page are written with; MovedRow as a map of ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tasks.models import MovedRow, MoveIn
from tasks.moving.report import Line, refused

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Context:
    """A run, as far as the parts need it."""

    source: str
    host: str
    owner_id: int
    by: str
    move_id: int
    with_pictures: bool

    @classmethod
    def of(cls, move: MoveIn) -> Context:
        by = move.actor or "moving in"
        about = (move.source, move.host, move.owner_id, by)
        return cls(*about, move.pk, move.with_pictures)

    def known(self, kind: str, old_ids: Iterable[str]) -> dict[str, int]:
        """Return the ids here of rows that were moved before."""
        rows = MovedRow.objects.filter(
            host=self.host, kind=kind, old_id__in=list(old_ids)
        )
        return dict(rows.values_list("old_id", "new_id"))

    def remember(self, kind: str, old_id: str, new_id: int) -> None:
        """Note which row here stands for one of the source."""
        MovedRow.objects.update_or_create(
            host=self.host, kind=kind, old_id=old_id, defaults={"new_id": new_id}
        )


def objects_in(rows: Iterable[Any]) -> tuple[list[Row], list[Line]]:
    """Separate JSON objects from what is none."""
    listed = list(rows)
    found = [row for row in listed if isinstance(row, Mapping)]
    wrong = [refused("?", "it is no object")] * (len(listed) - len(found))
    return found, wrong
