"""Who is trusted to certify Discord, as a folder that is looked into when needed.

Given the usual bundle, curl reads all of its 140 certificates anew for each connection
and keeps them as long as that lives: a megabyte and 5 ms for each. In a folder whose
files are named by a hash of the subject it finds the one that it needs.
"""

from __future__ import annotations

import hashlib
import logging
import re
import shutil
import tempfile
import warnings
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.x509.name import _ASN1Type
from curl_cffi.curl import DEFAULT_CACERT
from django.conf import settings

logger = logging.getLogger(__name__)

# The folder that curl was built with: what the system's administrator trusts besides.
SYSTEM: Final = "/etc/ssl/certs"
FILE: Final = "whole.pem"
_BLOCK: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", re.DOTALL
)
_TEXTS: Final = frozenset(
    {
        _ASN1Type.UTF8String,
        _ASN1Type.NumericString,
        _ASN1Type.PrintableString,
        _ASN1Type.T61String,
        _ASN1Type.IA5String,
        _ASN1Type.VisibleString,
        _ASN1Type.UniversalString,
        _ASN1Type.BMPString,
    }
)


@dataclass(frozen=True)
class Trust:
    """What curl is told: a file, which it reads whole, and folders to look into."""

    file: str
    folders: str


@cache
def trust() -> Trust:
    """Return whom to trust; the folder is made at the first use."""
    bundle = Path(DEFAULT_CACERT)
    try:
        folder = ensure_folder(bundle, settings.DATA_DIR / "certificates")
        if ":" in str(folder):
            raise ValueError("a colon in the data folder's path")
    except (OSError, ValueError) as exc:
        logger.warning("%s is read whole for each connection: %s", bundle, exc)
        return Trust(str(bundle), SYSTEM)
    return Trust(str(folder / FILE), f"{folder}:{SYSTEM}")


def ensure_folder(bundle: Path, parent: Path) -> Path:
    """Return the folder with the bundle's certificates below `parent`.

    Raises OSError, and ValueError where the bundle has none.
    """
    data = bundle.read_bytes()
    folder = parent / hashlib.sha256(data).hexdigest()[:16]
    if (folder / FILE).is_file():
        return folder
    parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(dir=parent))
    _write_all(data, new)
    try:
        new.rename(folder)
    except OSError:  # another process was quicker
        shutil.rmtree(new)
        if not (folder / FILE).is_file():
            raise
    return folder


def _write_all(bundle: bytes, folder: Path) -> None:
    blocks = _BLOCK.findall(bundle)
    if not blocks:
        raise ValueError("no certificate in it")
    # curl does not go without a file; one certificate is enough for it.
    whole = [blocks[0]]
    used: Counter[str] = Counter()
    for block in blocks:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about serial numbers of old ones
                name = subject_hash(x509.load_pem_x509_certificate(block).subject)
        except ValueError:  # curl may understand it
            whole.append(block)
            continue
        (folder / f"{name}.{used[name]}").write_bytes(block)
        used[name] += 1
    (folder / FILE).write_bytes(b"\n".join(whole))


def subject_hash(name: x509.Name) -> str:
    """Return the name by which OpenSSL looks for a subject's file, without `.0`.

    X509_NAME_hash: SHA-1 of the parts, their texts as UTF-8, in lower case, with single
    spaces.
    """
    rdns = [x509.RelativeDistinguishedName(map(_canonical, rdn)) for rdn in name.rdns]
    sequence = x509.Name(rdns).public_bytes()
    length = sequence[1]
    parts = sequence[2 + (length & 0x7F if length & 0x80 else 0) :]
    digest = hashlib.sha1(parts, usedforsecurity=False).digest()
    return f"{int.from_bytes(digest[:4], 'little'):08x}"


def _canonical(
    part: x509.NameAttribute[str | bytes],
) -> x509.NameAttribute[str | bytes]:
    if part._type not in _TEXTS:
        return part
    # As bytes: only the spaces and the letters of ASCII count.
    text = b" ".join(str(part.value).encode().split()).lower().decode()
    return x509.NameAttribute(part.oid, text, _ASN1Type.UTF8String, _validate=False)
