"""Restore a backup: check all of it first, and keep what was there before."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from dj_database_url import DBConfig
from django.conf import settings
from django.db import Error, connections, transaction
from django.db.migrations.recorder import MigrationRecorder

from mjproxy.backups import kept_pictures, making, rows, running, secrets
from mjproxy.backups.archive import (
    SECRETS,
    BadArchive,
    Manifest,
    member,
    unpack_pictures,
    verify,
)
from mjproxy.db.database_url import database
from mjproxy.lib.sealed_file import BadFile

# Files in which Redis and beat keep data about the replaced database.
_STALE: Final = ("redis", "redis.sock", "beat-schedule*")


class Refused(Exception):
    """The restore was refused before anything was changed; the message says why."""


@dataclass
class Report:
    """Report of a restore: what was restored and kept, and what follows."""

    manifest: Manifest
    kept: list[str] = field(default_factory=list)
    again: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def restore(archive: Path, *, passphrase: str | None = None) -> Report:
    """Replace database, pictures and, with a passphrase, secrets by those of a backup.

    The caller must hold the lock of the data folder. Raises Refused, BadArchive, and
    BadFile for a wrong passphrase.
    """
    manifest = verify(archive)
    rows.targets(manifest)
    found = _secrets(archive, manifest, passphrase)
    check_nobody_runs()
    return _Restoring(archive, manifest, found).run()


def _secrets(
    archive: Path, manifest: Manifest, passphrase: str | None
) -> dict[str, str]:
    if passphrase is None:
        return {}
    if SECRETS not in manifest.members:
        raise BadFile("The backup holds no secrets.")
    with member(archive, SECRETS) as file:
        return secrets.opened(file.read(), passphrase)


def check_nobody_runs() -> None:
    """Raise Refused if any part of the product runs."""
    connections.close_all()
    with rows.opened() as connection:
        found = running.who_runs(connection)
    if (path := _sqlite()) and not found:
        found = [who] if (who := running.release(path)) else []
    if found:
        raise Refused(f"The product runs: {'; '.join(found)}. Stop it first.")


def _sqlite() -> Path | None:
    """Return the file of the product's database; None if it is on a server."""
    if connections["default"].vendor != "sqlite":
        return None
    name = str(connections["default"].settings_dict["NAME"])
    if name.startswith("file:"):
        raise Refused("DATABASE_URL names the file as a URI: give its path")
    return Path(name)


class _Restoring:
    """One restore: prepare all in a temporary folder, then move it into place."""

    def __init__(
        self, archive: Path, manifest: Manifest, found: dict[str, str]
    ) -> None:
        self.archive, self.manifest, self.secrets = archive, manifest, found
        self.report = Report(manifest)
        self.named = kept_pictures.Named()
        self.stamp = time.strftime("before-%Y%m%d-%H%M%S")

    @cached_property
    def _data(self) -> Path:
        return Path(settings.DATA_DIR)

    @property
    def _keys(self) -> list[str]:
        """The encryption keys of the backup, if it has them, and of this place."""
        own = self.secrets.get("MJPROXY_ENCRYPTION_KEYS", "").split(",")
        return [*filter(None, own), *settings.ENCRYPTION_KEYS]

    def run(self) -> Report:
        place = _sqlite()
        beside = place.parent if place else self._data
        with _folder(beside) as rows_folder, _folder(self._data) as folder:
            fresh = self._rehearsed(rows_folder)
            count = unpack_pictures(self.archive, folder / "pictures")
            # From here on the installation is changed.
            if place:
                self._keep_database(place)
                fresh.rename(place)
            else:
                self._refill()
            if count:
                self._keep(Path(settings.MEDIA_ROOT))
                (folder / "pictures").rename(settings.MEDIA_ROOT)
                self.report.notes.append(f"{count} picture(s) are back.")
            self._put_secrets()
        self._forget()
        self._compare_keys()
        self.report.notes.extend(kept_pictures.notes(self.named))
        return self.report

    def _rehearsed(self, folder: Path) -> Path:
        """Build the database as a temporary file: errors show before any change."""
        path = folder / "mjproxy.sqlite3"
        with self._filled({**database("", folder), "NAME": str(path)}) as models:
            self._count(models)
            keys = self._keys
            self.named = kept_pictures.named(models, self.manifest, keys)
        file = sqlite3.connect(path)
        with contextlib.closing(file):
            said = file.execute("PRAGMA integrity_check").fetchone()[0]
            file.execute("PRAGMA journal_mode=DELETE").fetchone()
        if said != "ok":
            raise BadArchive(f"The restored database is damaged: {said}")
        return path

    @contextlib.contextmanager
    def _filled(self, config: DBConfig) -> Iterator[Any]:
        with rows.opened(**config) as connection:
            try:
                yield self._fill(connection)
            except Error as exc:
                raise BadArchive(
                    f"Its rows violate a constraint of the database: {exc}"
                ) from exc

    def _refill(self) -> None:
        """Replace all tables of a database server; keep their old rows in a file."""
        kept = self._data / f"{self.stamp}.tar"
        with rows.opened() as connection:
            is_there = bool(MigrationRecorder(connection).applied_migrations())
        if is_there:
            making.make(kept, pictures=False)
            self.report.kept.append(str(kept))
        with rows.opened() as connection, whole(connection):
            drop_tables(connection)
            self._fill(connection)

    def _fill(self, connection: Any) -> Any:
        models = rows.fill(connection, self.archive, self.manifest)
        kept_pictures.bring_home(models, self.manifest)
        return models

    def _count(self, models: Any) -> None:
        """Count what the product will send as soon as it starts."""
        tasks = models.get_model("tasks", "Task")._base_manager.using(rows.ALIAS)
        hooks = models.get_model("tasks", "WebhookDelivery")._base_manager
        by_hand = hooks.using(rows.ALIAS).filter(state="waiting").count()
        mails = sum(
            models.get_model("accounts", name)
            ._base_manager.using(rows.ALIAS)
            .filter(state="waiting")
            .count()
            for name in ("OperatorMail", "PersonMail")
        )
        self.report.again = {
            "drawings that waited": tasks.filter(status="NOT_START").count(),
            "drawings that were under way, unless Discord's history has them": (
                tasks.filter(status="SUBMITTED").count()
            ),
            "webhooks": tasks.exclude(hook_due_at=None).count() + by_hand,
            "mails": mails,
        }

    def _put_secrets(self) -> None:
        if not self.secrets:
            return
        self._keep(settings.SECRETS_DIR)
        for name in secrets.write(self.secrets, settings.SECRETS_DIR):
            text = f"{name} in the environment has another value, which is used."
            self.report.notes.append(text)

    def _keep(self, path: Path, aside: str = "") -> None:
        """Rename existing files, so that none is lost or mixed with restored ones."""
        if path.exists():
            kept = path.with_name(aside or f"{path.name}.{self.stamp}")
            path.rename(kept)
            self.report.kept.append(str(kept))

    def _keep_database(self, place: Path) -> None:
        """Keep an SQLite file and a journal that could not be merged into it."""
        for end in ("", "-wal", "-shm"):
            self._keep(Path(f"{place}{end}"), f"{place.name}.{self.stamp}{end}")

    def _forget(self) -> None:
        for pattern in _STALE:
            for path in self._data.glob(pattern):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()

    def _compare_keys(self) -> None:
        own = secrets.marks(self._keys)
        if not {*self.manifest.keys} <= {*own}:
            self.report.notes.append(
                "Its tokens were encrypted with a key that is not here: give back "
                "MJPROXY_ENCRYPTION_KEYS, or enter the tokens again."
            )


@contextlib.contextmanager
def _folder(beside: Path) -> Iterator[Path]:
    """Make a temporary folder on the same disk."""
    beside.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=beside) as name:
        yield Path(name)


@contextlib.contextmanager
def whole(connection: Any) -> Iterator[None]:
    """Run in one transaction where possible: MySQL cannot undo DROP TABLE."""
    if not connection.features.can_rollback_ddl:
        yield
        return
    with transaction.atomic(using=connection.alias):
        yield


def drop_tables(connection: Any) -> None:
    """Drop the tables of the product in a database."""
    ours = {*connection.introspection.django_table_names(only_existing=True)}
    ours |= {"django_migrations"} & {*connection.introspection.table_names()}
    quote = connection.ops.quote_name
    further = "" if connection.vendor == "sqlite" else " CASCADE"
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        for name in sorted(ours):
            cursor.execute(f"DROP TABLE {quote(name)}{further}")
