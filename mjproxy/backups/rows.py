"""Rows of all tables as lines of JSON, the same for every kind of database.

Secrets stay encrypted: their columns are copied as stored.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final
from uuid import UUID

from django.apps import apps as installed
from django.core.exceptions import ValidationError
from django.core.management.color import no_style
from django.db import connections, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Field, Model

from mjproxy.backups.archive import BadArchive, Manifest, member
from mjproxy.lib.db.encrypted_field import EncryptedTextField, Sealed
from mjproxy.lib.db.key_rotation import as_stored

ALIAS: Final = "backup"
AT_ONCE: Final = 500  # rows read by one statement
LONGEST_LINE: Final = 256 << 20  # bytes


@contextlib.contextmanager
def opened(options: Mapping[str, str] | None = None, **changes: Any) -> Iterator[Any]:
    """Open a separate connection, like the product's except for the given settings."""
    config = deepcopy(connections["default"].settings_dict)
    config["OPTIONS"].pop("pool", None)
    config["OPTIONS"] |= options or {}
    connections.settings[ALIAS] = config | {"CONN_MAX_AGE": 0} | changes
    try:
        yield connections[ALIAS]
    finally:
        connections[ALIAS].close()
        del connections[ALIAS]
        del connections.settings[ALIAS]


# --- out ------------------------------------------------------------------------------


def dump(folder: Path) -> tuple[dict[str, Path], list[tuple[str, str]]]:
    """Write every table into a file of `folder`, from one snapshot of the database.

    Returns the files by model name, and the migrations that were applied. Other
    processes can write meanwhile.
    """
    options = _SNAPSHOT.get(connections["default"].vendor)
    with opened(options) as connection, transaction.atomic(using=ALIAS):
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        applied = sorted(MigrationRecorder(connection).applied_migrations())
        files = {model._meta.label_lower: _dump(model, folder) for model in _models()}
    return files, applied


# The first SELECT takes the snapshot; it lasts until the transaction ends.
_SNAPSHOT: Final[Mapping[str, Mapping[str, str]]] = {
    "sqlite": {"transaction_mode": "DEFERRED"},
    "mysql": {"isolation_level": "repeatable read"},
}


def _models() -> list[type[Model]]:
    found = installed.get_models(include_auto_created=True)
    return [m for m in found if m._meta.managed and not m._meta.proxy]


@dataclass
class Sum:
    """Number of a table's rows, and a checksum of what they hold, in any order."""

    count: int = 0
    checksum: int = 0

    def add(self, row: Any) -> None:
        # Databases order members of JSON, and texts, in ways of their own.
        line = json.dumps(row, default=_text, sort_keys=True).encode()
        number = int.from_bytes(hashlib.sha256(line).digest()[:16])
        self.count, self.checksum = (
            self.count + 1,
            (self.checksum + number) % (1 << 128),
        )

    def __str__(self) -> str:
        return f"{self.count} row(s), {self.checksum:032x}"


def sums() -> dict[str, Sum]:
    """Return the sums of all tables of the separate connection, by the model's name."""
    found: dict[str, Sum] = {}
    for model in _models():
        found[model._meta.label_lower] = summed = Sum()
        for row in _rows(model):
            summed.add(row)
    return found


def sums_in(archive: Path, manifest: Manifest) -> dict[str, Sum]:
    """Return the sums of the tables of a backup."""
    found: dict[str, Sum] = {}
    for name, where in manifest.tables.items():
        found[name] = summed = Sum()
        with member(archive, where) as file, gzip.open(file) as text:
            for row in islice(_lines(text), 1, None):
                summed.add(row)
    return found


def _dump(model: type[Model], folder: Path) -> Path:
    path = folder / f"{model._meta.label_lower}.jsonl.gz"
    names = [each.attname for each in model._meta.concrete_fields]
    with gzip.open(path, "wt", compresslevel=4, encoding="ascii") as file:
        file.write(json.dumps(names) + "\n")
        for row in _rows(model):
            file.write(json.dumps(row, default=_text) + "\n")
    return path


def _rows(model: type[Model]) -> Iterator[tuple[Any, ...]]:
    """Read a table page by page: MySQL's driver would keep all of it in memory."""
    columns = [
        as_stored(each) if isinstance(each, EncryptedTextField) else each.attname
        for each in model._meta.concrete_fields
    ]
    rows = model._base_manager.using(ALIAS).order_by("pk")
    last: Any = None
    while True:
        page = rows if last is None else rows.filter(pk__gt=last)
        found = list(page.values_list("pk", *columns)[:AT_ONCE])
        yield from (row[1:] for row in found)
        if len(found) < AT_ONCE:
            return
        last = found[-1][0]


def _text(value: Any) -> str:
    if isinstance(value, date):  # datetime, too
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    raise TypeError(f"values of type {type(value).__name__} cannot be written")


# --- in -------------------------------------------------------------------------------


def fill(connection: Any, archive: Path, manifest: Manifest) -> Any:
    """Create the tables of a backup in an empty database and fill them with its rows.

    Returns the models as they were at the time of the backup. Raises BadArchive.
    """
    models = MigrationExecutor(connection).migrate(targets(manifest)).apps
    with connection.constraint_checks_disabled(), transaction.atomic(using=ALIAS):
        for name, where in manifest.tables.items():
            model = _model(models, name)
            model._base_manager.using(ALIAS).all()._raw_delete(ALIAS)
            with member(archive, where) as file:
                _load(connection, model, file)
        connection.check_constraints()
        _follow_numbers(connection, [_model(models, name) for name in manifest.tables])
    return models


def targets(manifest: Manifest) -> list[tuple[str, str]]:
    """Return the last migration of each app that the backup contains.

    Raises BadArchive if a newer version of mjproxy made it.
    """
    graph, had = MigrationLoader(None).graph, set(manifest.migrations)
    unknown = sorted(had - set(graph.nodes))
    if unknown or not had:
        named = ".".join(unknown[0]) if unknown else "none"
        raise BadArchive(
            f"The backup was made by a newer version, with migration {named}."
        )
    return [
        key
        for key in sorted(had)
        if not any(
            child.key in had and child.key[0] == key[0]
            for child in graph.node_map[key].children
        )
    ]


def _model(models: Any, name: str) -> Any:
    try:
        return models.get_model(*name.split("."))
    except LookupError as exc:
        raise BadArchive(f"There is no table {name}.") from exc


def _load(connection: Any, model: Any, file: IO[bytes]) -> None:
    with gzip.open(file) as text:
        lines = _lines(text)
        names = next(lines, None)
        fields = list(model._meta.concrete_fields)
        expected = sorted(each.attname for each in fields)
        if not isinstance(names, list) or sorted(map(str, names)) != expected:
            raise BadArchive(
                f"{model._meta.label}: the columns differ from the expected ones."
            )
        places = [names.index(each.attname) for each in fields]
        rows = (_instance(model, fields, places, values) for values in lines)
        while batch := list(islice(rows, AT_ONCE)):
            _insert(connection, model, fields, batch)


def _lines(text: gzip.GzipFile) -> Iterator[Any]:
    try:
        while line := text.readline(LONGEST_LINE):
            yield json.loads(line)
    except (ValueError, RecursionError, EOFError, OSError) as exc:
        raise BadArchive("The rows cannot be read.") from exc


def _instance(model: Any, fields: list[Any], places: list[int], values: Any) -> Any:
    if not isinstance(values, list) or len(values) != len(fields):
        raise BadArchive(f"{model._meta.label}: a row has the wrong number of values.")
    try:
        pairs = zip(fields, places, strict=True)
        read = [_read(each, values[place]) for each, place in pairs]
    except (ValidationError, ValueError, TypeError) as exc:
        raise BadArchive(f"{model._meta.label}: a value has the wrong type.") from exc
    return model.from_db(ALIAS, [each.attname for each in fields], read)


def _read(each: Field[Any, Any], value: Any) -> Any:
    if isinstance(each, EncryptedTextField):
        return value if value is None else Sealed(value)
    return each.to_python(value)


def _insert(connection: Any, model: Any, fields: list[Any], rows: list[Any]) -> None:
    most = max(1, connection.ops.bulk_batch_size(fields, rows))
    for start in range(0, len(rows), most):
        # Raw: Django must neither fill in defaults nor set `auto_now` fields.
        manager = model._base_manager
        manager._insert(rows[start : start + most], fields, using=ALIAS, raw=True)


def _follow_numbers(connection: Any, models: list[Any]) -> None:
    """Set the sequences of the tables, so that new ids follow the restored ones."""
    with connection.cursor() as cursor:
        for line in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(line)
