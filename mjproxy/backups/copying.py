"""Copy the database into an empty one of any kind, and compare both."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from dj_database_url import DBConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import Error
from django.db.migrations.recorder import MigrationRecorder

from mjproxy.backups import making, rows
from mjproxy.backups.restoring import (
    Refused,
    check_nobody_runs,
    drop_tables,
    whole,
)
from mjproxy.db.database_url import database

_FOLDER: Final = ".copy-"


class Differs(Exception):
    """The copy does not hold the same rows; the target is empty again."""


def copy(url: str) -> dict[str, rows.Sum]:
    """Copy all rows to the database at `url`; return the sums of its tables.

    The caller must hold the lock of the data folder. Raises Refused if the product
    runs, or the database is not empty or cannot be used: then it stays as it was.
    Raises Differs.
    """
    config = _config(url)
    check_nobody_runs()
    for cut_off in Path(settings.DATA_DIR).glob(f"{_FOLDER}*"):
        shutil.rmtree(cut_off, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=settings.DATA_DIR, prefix=_FOLDER) as name:
        archive = Path(name, "copy.tar")
        manifest = making.make(archive, pictures=False)
        with _empty(config) as connection:
            rows.fill(connection, archive, manifest)
            found = rows.sums()
            expected = rows.sums_in(archive, manifest)
            if found != expected:
                raise Differs(f"The copy differs: {_differing(expected, found)}.")
    return found


def _config(url: str) -> DBConfig:
    if not url:
        raise Refused("--to names no database")
    try:
        return database(url, Path(settings.DATA_DIR))
    except ImproperlyConfigured as exc:
        raise Refused(str(exc).replace("DATABASE_URL", "--to")) from exc


@contextlib.contextmanager
def _empty(config: DBConfig) -> Iterator[Any]:
    """Open an empty database; after an error it is as empty as before."""
    with rows.opened(**config) as connection:
        try:
            tables = connection.introspection.table_names()
        except Error as exc:
            said = " ".join(str(exc).split())
            raise Refused(f"The database cannot be used: {said}") from exc
        if tables:
            raise Refused(_not_empty(tables))
        try:
            with _undone(connection):
                yield connection
        except Error as exc:
            said = " ".join(str(exc).split())
            raise Refused(f"The database does not take the rows: {said}") from exc


def _not_empty(tables: list[str]) -> str:
    text = f"The database is not empty: it has {len(tables)} table(s)."
    if MigrationRecorder.Migration._meta.db_table not in tables:
        return text
    return (
        f"{text} They are this product's. If they are left from a copy that was cut "
        "off, drop and create the database, or delete its file, and copy again."
    )


@contextlib.contextmanager
def _undone(connection: Any) -> Iterator[None]:
    """Undo an error's work: in one transaction, or by dropping the new tables.

    SQLite builds no tables inside a transaction, and MySQL cannot undo that.
    """
    if connection.vendor == "postgresql":
        with whole(connection):
            yield
        return
    try:
        yield
    except BaseException:
        with contextlib.suppress(Error):
            drop_tables(connection)
        raise


def _differing(one: dict[str, rows.Sum], other: dict[str, rows.Sum]) -> str:
    """Return the tables whose sums differ, with their numbers of rows."""
    names = sorted(name for name in one | other if one.get(name) != other.get(name))
    none = rows.Sum()
    return ", ".join(
        f"{name} ({one.get(name, none).count} row(s) here, "
        f"{other.get(name, none).count} there)"
        for name in names[:5]
    )
