"""Test the bucket of the settings: write, read and remove a small object."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.utils import timezone

from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process.nudge import nudge
from tasks.models import StorageSettings
from tasks.pictures.kept import places
from tasks.pictures.kept.failures import Missing, NotUsable
from tasks.pictures.kept.threads import in_bucket_thread
from tasks.snapshots import storage_settings


def ask() -> None:
    """Let a worker test the bucket; the settings tell the outcome."""
    row = StorageSettings.get_solo()
    _note(row, test_asked_at=timezone.now(), tested_at=None, test_error="")
    nudge("tasks.test_storage", row.pk)


async def run(settings_id: int) -> None:
    """Test the bucket, if that was asked for, and note the outcome."""
    row = await in_thread(StorageSettings.objects.filter(pk=settings_id).first)
    if row is None or row.test_asked_at is None or row.tested_at is not None:
        return
    try:
        await in_bucket_thread(_try, row)
        error = ""
    except NotUsable as exc:
        error = str(exc)
    await in_thread(_note, row, tested_at=timezone.now(), test_error=error)


def _note(row: StorageSettings, **values: object) -> None:
    StorageSettings.objects.filter(pk=row.pk).update(**values)
    storage_settings.drop()


def _try(row: StorageSettings) -> None:
    """Raise NotUsable, which says the step that failed and why."""
    bucket, body = places.bucket(row), secrets.token_bytes(64)
    name = f"test-{secrets.token_hex(8)}.bin"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(body)
        with _step("Writing"):
            places.put(bucket, name, path)
    try:
        with _step("Reading"):
            if b"".join(places.pieces(bucket, name)) != body:
                raise NotUsable("The service gives back other bytes.")
    except NotUsable:
        with suppress(NotUsable):
            places.remove(bucket, name)
        raise
    with _step("Removing"):
        places.remove(bucket, name)


@contextmanager
def _step(name: str) -> Iterator[None]:
    """Put the name of a step in front of what its block raises."""
    try:
        yield
    except Missing as exc:
        raise NotUsable(f"{name}: Nothing is there.") from exc
    except NotUsable as exc:
        raise NotUsable(f"{name}: {exc}") from exc
