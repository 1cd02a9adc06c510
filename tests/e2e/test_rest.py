"""Data at rest: a product is private, backed up, killed and restored."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.harness import Product, Simulator, eventually, specs
from tests.e2e.services import given_services
from tests.mjproxy.lib.process.test_private_files import seen_by_nobody
from tests.mjproxy.run.test_start import ROOT

ACCOUNTS = 1


@pytest.fixture(scope="module")
def reachable() -> Iterator[Path]:
    """Return a folder that every user of the machine can enter."""
    folder = Path(tempfile.mkdtemp(prefix="mjproxy-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def product(sim: Simulator, reachable: Path) -> Iterator[Product]:
    """Start a product as a shell with the usual umask does."""
    usual = os.umask(0o022)
    try:
        running = Product.start(sim, reachable / "data", **given_services())
    finally:
        os.umask(usual)
    try:
        for spec in specs(ACCOUNTS):
            running.add_account(spec)
        running.wait_accounts(ACCOUNTS)
        yield running
    finally:
        running.stop()


def manage(product: Product, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *words],
        env=product.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_nobody_else_reads_what_a_running_product_writes(
    product: Product, reachable: Path
) -> None:
    done = product.wait_for(product.imagine("a private fox"))
    product.picture(done)

    assert (product.data / "pictures").exists()
    assert seen_by_nobody(reachable) == [str(reachable)]
    paths = [path for path in product.data.rglob("*") if path.name != "up.log"]
    assert [str(p) for p in paths if p.lstat().st_mode & 0o077] == []


def test_a_backup_of_a_busy_product_is_restored_after_a_crash(
    product: Product, tmp_path: Path
) -> None:
    file = tmp_path / "backup.tar"
    finished = product.wait_for(product.imagine("before the backup"))
    under_way = product.imagine("at the backup")

    done = manage(product, "backup", str(file))
    assert done.returncode == 0, done.stderr
    refused = manage(product, "restore", str(file))
    assert refused.returncode == 2
    assert "already runs" in refused.stderr
    later = product.imagine("after the backup")
    product.kill_all()
    database = product.data / "mjproxy.sqlite3"
    if database.exists():
        assert database.with_name(f"{database.name}-wal").stat().st_size

    restored = _restored(product, file)
    if database.exists():
        assert not database.with_name(f"{database.name}-wal").exists()
        with closing(sqlite3.connect(database)) as rows:
            assert rows.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    product.restart()

    assert "Sent again when the product starts:" in restored
    assert product.task(finished["id"])["status"] == "SUCCESS"
    assert product.wait_for(under_way)["status"] == "SUCCESS"
    assert product.task(later) is None


def _restored(product: Product, file: Path) -> str:
    """Restore; signs of life of what was killed last for ten seconds."""

    def put_back() -> str:
        done = manage(product, "restore", str(file))
        assert done.returncode == 0 or "was seen" in done.stderr, done.stderr
        return done.stdout

    return eventually(put_back, what="the backup is back", limit=60)
