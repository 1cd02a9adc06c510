"""Values of fields as an audit log shows them: short, plain, without secrets."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any, Final

import orjson
from django.db.models import BinaryField, CharField, Field, JSONField, TextField

from mjproxy.lib.db.encrypted_field import EncryptedTextField
from mjproxy.lib.secret_texts import without_secrets

LONGEST_VALUE: Final = 1000  # characters
LONGEST_NAME: Final = 200
CHANGED: Final = "changed"  # all that is said of a secret

# Names of fields whose texts are secret, though their columns are not encrypted.
_SECRET: Final = re.compile(
    r"secret|token|password|passphrase|digest|credential|(?:api|private)_key|proxy_url"
    r"|session_(?:id|key|data)|hash|seed|picture_key|^key$"
)
_TEXTS: Final = (CharField, TextField, JSONField, BinaryField)
# Line ends and tabs are kept in values. The others hide or reorder what is read.
_CONTROLS: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_ENDS: Final = re.compile(r"\s+")


def is_secret(field: Field[Any, Any]) -> bool:
    """Tell whether an audit log says only that a field was changed."""
    if isinstance(field, EncryptedTextField):
        return True
    return isinstance(field, _TEXTS) and bool(_SECRET.search(field.name))


def as_text(value: object) -> str:
    """Return a value as text, without control characters; a long one is cut."""
    text = _written(value)
    length = len(text)
    # Cut first: the searches of a megabyte would take seconds.
    text = without_secrets(plain(text[: 2 * LONGEST_VALUE]))
    if length > LONGEST_VALUE:
        return f"{text[:LONGEST_VALUE]}… ({length} characters)"
    return text


def as_name(value: object) -> str:
    """Return the name of a row as one line."""
    text = _ENDS.sub(" ", str(value)[: 2 * LONGEST_NAME])
    return without_secrets(plain(text))[:LONGEST_NAME]


def plain(text: str) -> str:
    """Return a text with a mark in the place of each control character."""
    return _CONTROLS.sub("\ufffd", text)


def _written(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="seconds")
        case date():
            return value.isoformat()
        case list() | tuple() | dict():
            return _as_json(value)
    return str(value)


def _as_json(value: object) -> str:
    if not value:
        return ""
    try:
        return orjson.dumps(value, default=str).decode()
    except (TypeError, ValueError):  # a lone surrogate, a number too large
        return str(value)
