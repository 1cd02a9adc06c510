"""Take settings: each member by itself, those that are known here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from accounts.exceptions import InvalidField
from tasks import ports
from tasks.moving.context import Context, Row, objects_in
from tasks.moving.report import Line, refused, skipped, taken


def take(context: Context, rows: Sequence[Any]) -> list[Line]:
    """Write members of the settings."""
    found, lines = objects_in(rows)
    return [*lines, *(_take(row) for row in found)]


def _take(row: Row) -> Line:
    name = str(row.get("name"))[:80]
    try:
        with transaction.atomic():
            ports.setting_writer()(name, row.get("value"))
    except LookupError as exc:
        return skipped(name, str(exc.args[0]))
    except InvalidField as exc:
        return refused(name, exc.en)
    return taken(name)
