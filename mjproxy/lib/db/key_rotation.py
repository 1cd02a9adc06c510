"""Encrypt every secret again with the first key, so that older keys can be removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.conf import settings
from django.db.models import Expression, ExpressionWrapper, F, Model, TextField

from mjproxy.lib.db.encrypted_field import (
    EncryptedTextField,
    Sealed,
    encrypted_fields,
    fernet,
)

AT_ONCE: Final = 500  # rows read by one statement


@dataclass(frozen=True)
class Stored:
    """One secret as its column holds it."""

    model: type[Model]
    field: EncryptedTextField
    pk: Any
    value: str

    def __str__(self) -> str:
        return f"{self.model._meta.label} {self.pk}: {self.field.name}"


@dataclass
class Report:
    """Counts of a key rotation."""

    current: int = 0  # already encrypted with the first key
    rotated: int = 0
    edited: int = 0  # changed by somebody else during the rotation
    unreadable: list[str] = field(default_factory=list)


def rotate() -> Report:
    """Encrypt every secret with the first key. Safe at any time, and to repeat.

    A secret that is edited at the same moment keeps its new value.
    """
    report = Report()
    for secret in stored():
        if is_current(secret.value):
            report.current += 1
            continue
        try:
            fresh = fernet().rotate(secret.value).decode()
        except InvalidToken:
            report.unreadable.append(str(secret))
            continue
        same = {"pk": secret.pk, secret.field.attname: Sealed(secret.value)}
        rows = secret.model._base_manager.filter(**same)
        if rows.update(**{secret.field.attname: Sealed(fresh)}):
            report.rotated += 1
        else:
            report.edited += 1
    return report


def unreadable() -> list[str]:
    """Return the secrets that fit none of the keys, by row and field."""
    return [str(secret) for secret in stored() if not _is_readable(secret.value)]


def stored() -> Iterator[Stored]:
    """Yield every secret as its column holds it."""
    for model in apps.get_models():
        for each in encrypted_fields(model):
            yield from _stored(model, each)


def _stored(model: type[Model], each: EncryptedTextField) -> Iterator[Stored]:
    rows = model._base_manager.exclude(**{each.attname: ""}).order_by("pk")
    last: Any = None
    while True:
        page = rows if last is None else rows.filter(pk__gt=last)
        found = list(page.values_list("pk", as_stored(each))[:AT_ONCE])
        for pk, value in found:
            yield Stored(model, each, pk, value)
        if len(found) < AT_ONCE:
            return
        last = found[-1][0]


def as_stored(each: EncryptedTextField) -> Expression:
    """Return a query expression for the column of a secret, not decrypted."""
    return ExpressionWrapper(F(each.attname), output_field=TextField())


def is_current(value: str) -> bool:
    """Tell whether a secret is encrypted with the first key."""
    try:
        Fernet(settings.ENCRYPTION_KEYS[0].strip()).decrypt(value.encode())
    except InvalidToken:
        return False
    return True


def _is_readable(value: str) -> bool:
    try:
        fernet().decrypt(value.encode())
    except InvalidToken:
        return False
    return True
