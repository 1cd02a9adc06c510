"""Sealed JSON document: readable rows, encrypted secrets, protected against changes.

The document is one JSON object. `sealed` holds the secrets of all rows, encrypted with
AES-GCM under a key that scrypt derives from a passphrase; the rest of the document is
authenticated with them. It does not depend on the installation's own keys, so any
installation can open it.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

FORMAT: Final = "mjproxy-accounts"
VERSION: Final = 1
MOST_BYTES: Final = 16 * 1024 * 1024
SHORTEST_PASSPHRASE: Final = 8
LONGEST_PASSPHRASE: Final = 1000
# Cost of scrypt when a file is written (32 MiB), and the maximum accepted from a file.
COST: Final = {"n": 2**15, "r": 8, "p": 3}
_MOST: Final = {"n": 2**17, "r": 8, "p": 4}
_LEAST: Final = {"n": 2**14, "r": 8, "p": 1}
_SALT, _NONCE, _KEY = 16, 12, 32  # bytes

Row = dict[str, object]  # values by JSON name
Rows = list[Row]


class BadFile(Exception):
    """The file cannot be used; the message says why and quotes nothing of the file."""


class WrongPassphrase(BadFile):
    """The passphrase is wrong, or the file was changed."""

    def __init__(self) -> None:
        super().__init__("The passphrase is wrong, or the file was changed.")


def seal(
    rows: Sequence[Mapping[str, object]],
    secrets: Sequence[Mapping[str, object]],
    passphrase: str,
    *,
    kind: str = FORMAT,
) -> bytes:
    """Return the file of these rows; `secrets` are in the same order as the rows.

    `kind` names the type of file; `unseal` must be called with the same one. Raises
    ValueError for a passphrase that is too short or too long.
    """
    if not SHORTEST_PASSPHRASE <= len(passphrase) <= LONGEST_PASSPHRASE:
        raise ValueError(f"A passphrase has {SHORTEST_PASSPHRASE} or more letters.")
    salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
    document = {
        "format": kind,
        "version": VERSION,
        "kdf": {"name": "scrypt", **COST, "salt": _text(salt)},
        "nonce": _text(nonce),
        "accounts": rows,
    }
    cipher = AESGCM(_key(passphrase, salt, COST))
    sealed = cipher.encrypt(nonce, orjson.dumps(secrets), _told(document))
    return orjson.dumps(
        document | {"sealed": _text(sealed)}, option=orjson.OPT_INDENT_2
    )


def unseal(data: bytes, passphrase: str, *, kind: str = FORMAT) -> tuple[Rows, Rows]:
    """Return the rows and their secrets. Raises BadFile."""
    document = _parsed(data, kind)
    kdf: Any = document.get("kdf")
    rows: Any = document.get("accounts")
    cost = _cost(kdf)
    if not _is_rows(rows):
        raise BadFile("The file lists no accounts.")
    salt, nonce, sealed = (
        _bytes(kdf.get("salt")),
        _bytes(document.get("nonce")),
        _bytes(document.pop("sealed", None)),
    )
    if not _SALT <= len(salt) <= 64 or len(nonce) != _NONCE:
        raise BadFile("The file's encryption has an unknown form.")
    if len(passphrase) > LONGEST_PASSPHRASE:
        raise WrongPassphrase
    try:
        cipher = AESGCM(_key(passphrase, salt, cost))
        secrets = orjson.loads(cipher.decrypt(nonce, sealed, _told(document)))
    except InvalidTag as exc:
        raise WrongPassphrase from exc
    if not _is_rows(secrets) or len(secrets) != len(rows):
        raise BadFile("The file's secrets do not match its rows.")
    return rows, secrets


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(row, dict) for row in value)


def _parsed(data: bytes, kind: str) -> dict[str, object]:
    if len(data) > MOST_BYTES:
        raise BadFile(f"The file is larger than {MOST_BYTES // 1024 // 1024} MiB.")
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as exc:
        raise BadFile("The file is not JSON.") from exc
    if not isinstance(document, dict) or document.get("format") != kind:
        raise BadFile(f"This is not a file of {kind}.")
    if document.get("version") != VERSION:
        raise BadFile(f"Only files of version {VERSION} can be read.")
    return document


def _cost(kdf: Any) -> dict[str, int]:
    """Return the cost of a file's key; raise BadFile if it is out of bounds."""
    if not isinstance(kdf, dict) or kdf.get("name") != "scrypt":
        raise BadFile("The file's encryption has an unknown form.")
    cost: dict[str, int] = {}
    for name in COST:
        value = kdf.get(name)
        if type(value) is not int or not _LEAST[name] <= value <= _MOST[name]:
            raise BadFile("The file's encryption has an unknown form.")
        cost[name] = value
    if cost["n"].bit_count() != 1:
        raise BadFile("The file's encryption has an unknown form.")
    return cost


def _key(passphrase: str, salt: bytes, cost: dict[str, int]) -> bytes:
    derive = Scrypt(salt=salt, length=_KEY, n=cost["n"], r=cost["r"], p=cost["p"])
    return derive.derive(passphrase.encode("utf-8", "surrogatepass"))


def _told(document: Mapping[str, object]) -> bytes:
    """Return the readable part of a document, always as the same bytes."""
    try:
        return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    except TypeError as exc:  # nested deeper than we write
        raise BadFile("The file is nested too deeply.") from exc


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError) as exc:
        raise BadFile("The file's encryption has an unknown form.") from exc
