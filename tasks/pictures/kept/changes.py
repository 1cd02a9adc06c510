"""Rules for changes of the storage's settings, wherever they are entered."""

from __future__ import annotations

from django.core.exceptions import ValidationError

from mjproxy.lib.db.encrypted_field import UndecryptableSecret
from tasks.enums import StorageKind
from tasks.models import STORAGE_SECRETS, StorageSettings
from tasks.models.storage import WHERE
from tasks.pictures.kept import files, places

STAYS = (
    "Pictures lie in the bucket. Move them to the data folder first, or copy them "
    "yourself and say so in the admin."
)


def check(row: StorageSettings) -> None:
    """Raise ValidationError unless a row may replace the stored one."""
    wrong = dict.fromkeys(moved(row), STAYS)
    if row.kind == StorageKind.BUCKET:
        if not places.is_installed():
            wrong["kind"] = places.NOT_INSTALLED
        if not _has_secret(row):
            wrong |= {STORAGE_SECRETS[0]: "A bucket needs it."}
    if wrong:
        raise ValidationError(wrong)


def moved(row: StorageSettings) -> list[str]:
    """Return the changed columns that name objects of the bucket while it has some."""
    stored = StorageSettings.objects.filter(pk=row.pk).values(*WHERE).first() or {}
    changed = [name for name in WHERE if stored.get(name, "") != getattr(row, name)]
    return changed if changed and files.is_bucket_used() else []


def _has_secret(row: StorageSettings) -> bool:
    try:
        return bool(row.secret_key)
    except UndecryptableSecret:
        return True  # it stays, and is entered again in the admin
