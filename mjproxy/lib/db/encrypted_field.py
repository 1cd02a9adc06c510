"""Encryption at rest: a text field whose column holds Fernet tokens."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models.query_utils import DeferredAttribute

# Prefix of a secret in a fixture, such as one of `dumpdata`.
IN_FILES: Final = "fernet:"


@cache
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key.strip()) for key in keys])
    except ValueError as exc:
        message = "MJPROXY_ENCRYPTION_KEYS: each key is 32 bytes in url-safe base64"
        raise ImproperlyConfigured(message) from exc


def fernet() -> MultiFernet:
    """Return the cipher; its first key encrypts, all of them decrypt."""
    return _fernet(tuple(settings.ENCRYPTION_KEYS))


def decrypted(value: str, keys: Iterable[str]) -> str:
    """Return the text of a column's value; it stays Unreadable if it fits no key."""
    try:
        return _fernet(tuple(keys)).decrypt(value.encode()).decode()
    except (InvalidToken, UnicodeError):
        return Unreadable(value)


class UndecryptableSecret(Exception):
    """A stored secret fits none of MJPROXY_ENCRYPTION_KEYS."""

    silent_variable_failure = True  # template engines show nothing in its place


class Sealed(str):
    """Column value whose text is not known; it is saved unchanged."""

    __slots__ = ()


class Unreadable(Sealed):
    """Column value that fits none of the keys."""

    __slots__ = ()


class _Secret(DeferredAttribute):
    """Descriptor of the field: reading a secret that fits no key raises an error.

    Loading the row does not raise, so other rows can still be used.
    """

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if isinstance(value, Unreadable):
            raise UndecryptableSecret(self.field.name)
        return value

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class EncryptedTextField(models.TextField[Any, Any]):
    """Text that is encrypted in its column and plain on the instance.

    Reading a value that fits no key raises UndecryptableSecret; saving its row keeps
    the stored value.
    """

    descriptor_class = _Secret

    def get_prep_value(self, value: Any) -> str | None:
        if value is None or isinstance(value, Sealed):
            return value and str(value)
        return fernet().encrypt(str(value).encode()).decode() if value else ""

    def from_db_value(self, value: str | None, *_: Any) -> str | None:
        return decrypted(value, settings.ENCRYPTION_KEYS) if value else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001
        return self.value_from_object(model_instance)

    def value_from_object(self, obj: models.Model) -> Any:
        """Return the text, or the placeholder for an unreadable one."""
        if self.attname in obj.__dict__:
            return obj.__dict__[self.attname]
        return super().value_from_object(obj)

    # --- fixtures --------------------------------------------------------------------

    def value_to_string(self, obj: models.Model) -> str:
        """Return the encrypted value for a fixture, never the text."""
        stored = self.get_prep_value(self.value_from_object(obj))
        return IN_FILES + stored if stored else ""

    def to_python(self, value: Any) -> Any:
        """Return a value of a fixture in the form in which the column holds it."""
        if isinstance(value, str) and value.startswith(IN_FILES):
            return Sealed(value.removeprefix(IN_FILES))
        return super().to_python(value)

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        """Check what a person has entered: always plain text, even with the prefix."""
        self.validate(value, model_instance)
        self.run_validators(value)
        return value


def readable(row: models.Model, name: str) -> str:
    """Return a secret of a row; "" if it fits no key."""
    try:
        return str(getattr(row, name) or "")
    except UndecryptableSecret:
        return ""


def unreadable(row: models.Model) -> set[str]:
    """Return the names of a row's secrets that fit no key."""
    return {f.name for f in encrypted_fields(type(row)) if not _is_readable(row, f)}


def _is_readable(row: models.Model, field: EncryptedTextField) -> bool:
    try:
        getattr(row, field.attname)
    except UndecryptableSecret:
        return False
    return True


def encrypted_fields(model: type[models.Model]) -> list[EncryptedTextField]:
    return [f for f in model._meta.concrete_fields if isinstance(f, EncryptedTextField)]
