"""Certificates are found by the hash of their subject, by curl itself."""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
import warnings
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import certifi
import pytest
from aiohttp import web
from cryptography import x509
from curl_cffi.curl import DEFAULT_CACERT
from curl_cffi.requests.exceptions import CertificateVerifyError

from gateway.discord.transport import certificates, curl_session
from gateway.discord.transport.curl_session import Session
from tests.gateway.discord.transport.certificates import make_certificate

# Hashes as `openssl x509 -subject_hash` prints them, of roots that stand for kinds:
# plain ones, accents, and a subject of several parts.
USUAL = Path(certifi.where()).read_bytes()
BLOCKS = re.findall(
    rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", USUAL, re.DOTALL
)
OPENSSL = shutil.which("openssl")
KNOWN = {
    "ISRG Root X1": "4042bcee",
    "GTS Root R1": "1001acf7",
    "DigiCert Global Root G2": "607986c7",
    "NetLock Arany (Class Gold) Főtanúsítvány": "988a38cb",
}


def test_hashes_of_known_roots_do_not_change() -> None:
    found = {}
    for block in BLOCKS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about serial numbers of old ones
            subject = x509.load_pem_x509_certificate(block).subject
        for part in subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME):
            if part.value in KNOWN:
                found[part.value] = certificates.subject_hash(block)

    assert found == KNOWN


@pytest.mark.skipif(not OPENSSL, reason="no openssl here")
def test_hashes_are_those_of_openssl(tmp_path: Path) -> None:
    folded = make_certificate(tmp_path, "localhost", "  Two   Words ", "ÄÖÜ mixed CASE")
    blocks = [*BLOCKS[:10], folded[0].read_bytes()]

    for block in blocks:
        printed = subprocess.run(
            [str(OPENSSL), "x509", "-noout", "-subject_hash"],
            input=block,
            capture_output=True,
            check=True,
        )
        assert certificates.subject_hash(block) == printed.stdout.decode().strip()


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    """A server whose certificate signs itself, with a subject that must be folded."""
    names = "  Two   Words ", "ÄÖÜ mixed CASE"
    files = make_certificate(tmp_path, "localhost", *names)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    app = web.Application()
    app.router.add_get("/", _answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield f"https://localhost:{runner.addresses[0][1]}"
    await runner.cleanup()


async def _answer(request: web.Request) -> web.Response:
    return web.Response()


async def get(url: str) -> int:
    session = Session()
    try:
        return (await session.get(url)).status_code
    finally:
        await session.close()


async def test_who_is_in_the_bundle_is_trusted_and_nobody_else(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "localhost.pem"))
    with pytest.raises(CertificateVerifyError):
        await get(url)

    ours = tmp_path / "bundle.pem"
    ours.write_bytes(USUAL + (tmp_path / "localhost.pem").read_bytes())
    folder = certificates.ensure_folder(ours, tmp_path / "made")
    there = certificates.Trust(
        str(folder / certificates.FILE),
        f"{folder}:{certificates.SYSTEM}",
    )
    monkeypatch.setattr(curl_session, "trust", lambda: there)

    assert b"localhost" not in (folder / certificates.FILE).read_bytes()
    assert await get(url) == 200


def test_equal_subjects_have_a_file_each(tmp_path: Path) -> None:
    twins = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        files = make_certificate(tmp_path / name, "localhost")
        twins.append(files[0].read_bytes())
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(b"# two of them\n" + b"\n".join(twins))

    folder = certificates.ensure_folder(bundle, tmp_path / "made")

    numbered = sorted(
        path for path in folder.iterdir() if path.name != certificates.FILE
    )
    assert [path.suffix for path in numbered] == [".0", ".1"]
    assert numbered[0].stem == numbered[1].stem
    assert [path.read_bytes().strip() for path in numbered] == [
        twin.strip() for twin in twins
    ]


def test_what_is_not_understood_is_left_to_curl(tmp_path: Path) -> None:
    good = make_certificate(tmp_path, "localhost")[0].read_bytes()
    strange = b"-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n"
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(good + strange)

    folder = certificates.ensure_folder(bundle, tmp_path / "made")

    assert strange in (folder / certificates.FILE).read_bytes()
    assert len(list(folder.iterdir())) == 2


def test_the_folder_is_made_once(tmp_path: Path) -> None:
    bundle = Path(certifi.where())

    first = certificates.ensure_folder(bundle, tmp_path)
    made = first.stat().st_ino
    again = certificates.ensure_folder(bundle, tmp_path)

    assert again == first
    assert again.stat().st_ino == made
    assert [path.name for path in tmp_path.iterdir()] == [first.name]


def test_of_two_that_make_it_at_once_both_go_on(tmp_path: Path) -> None:
    bundle = Path(certifi.where())

    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(certificates.ensure_folder, [bundle] * 4, [tmp_path] * 4))

    assert set(tmp_path.iterdir()) == made
    assert len(made) == 1


@pytest.mark.parametrize("content", [b"", b"no certificate"])
def test_without_a_folder_the_bundle_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(content)
    monkeypatch.setattr(certificates, "DEFAULT_CACERT", str(bundle))

    found = certificates.trust.__wrapped__()

    assert found == certificates.Trust(str(bundle), certificates.SYSTEM)


def test_a_path_that_curl_would_take_for_two_is_not_used(
    tmp_path: Path, settings: Any
) -> None:
    settings.DATA_DIR = tmp_path / "a:b"

    found = certificates.trust.__wrapped__()

    assert found == certificates.Trust(DEFAULT_CACERT, certificates.SYSTEM)


def test_a_damaged_folder_is_not_used(tmp_path: Path, settings: Any) -> None:
    settings.DATA_DIR = tmp_path
    folder = certificates.ensure_folder(Path(DEFAULT_CACERT), tmp_path / "certificates")
    (folder / certificates.FILE).unlink()

    assert certificates.trust.__wrapped__() == certificates.Trust(
        DEFAULT_CACERT, certificates.SYSTEM
    )
