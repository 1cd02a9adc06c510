"""CA certificates for curl, as an OpenSSL hashed directory.

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
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from curl_cffi.curl import DEFAULT_CACERT
from django.conf import settings
from OpenSSL import crypto

logger = logging.getLogger(__name__)

# The folder that curl was built with: what the system's administrator trusts besides.
SYSTEM: Final = "/etc/ssl/certs"
FILE: Final = "whole.pem"
_BLOCK: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", re.DOTALL
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
            raise ValueError("the data folder's path has a colon")
    except (OSError, ValueError) as exc:
        logger.warning(
            "certificates %s are read anew for each connection: %s", bundle, exc
        )
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
        raise ValueError("the file holds no certificate")
    # curl does not go without a file; one certificate is enough for it.
    whole = [blocks[0]]
    used: Counter[str] = Counter()
    for block in blocks:
        try:
            name = subject_hash(block)
        except crypto.Error:  # curl may understand it
            whole.append(block)
            continue
        (folder / f"{name}.{used[name]}").write_bytes(block)
        used[name] += 1
    (folder / FILE).write_bytes(b"\n".join(whole))


def subject_hash(pem: bytes) -> str:
    """Return the name by which OpenSSL looks for a certificate's file, without `.0`.

    Raises OpenSSL.crypto.Error where `pem` is no certificate.
    """
    certificate = crypto.load_certificate(crypto.FILETYPE_PEM, pem)
    return f"{certificate.subject_name_hash():08x}"
