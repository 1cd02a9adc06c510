"""A restore is refused while the product runs, and if rows do not fit."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from mjproxy.backups import running
from mjproxy.backups.archive import Manifest, verify, writing
from mjproxy.lib.process import signs_of_life
from mjproxy.lib.process.signs_of_life import Seen, State
from mjproxy.run import start
from tests.mjproxy.backups.installation import SETUP, Installation

pytestmark = [pytest.mark.timeout(240), pytest.mark.database]

# Reads once, and keeps its connection.
READER = """
import sys
from accounts.models import User
from django.db import transaction
User.objects.count()
print("connected", flush=True)
sys.stdin.read()
"""
SEEN = """
from datetime import timedelta
from django.utils import timezone
from gateway.models import GatewayProcess
GatewayProcess.objects.create(name="g", seen_at=timezone.now() + timedelta(minutes=5))
"""


def test_a_running_product_is_left_alone(
    installation: Installation, archive: Path
) -> None:
    lock = start.take_lock(installation.data)
    try:
        assert "already runs" in installation.refused("restore", str(archive))
    finally:
        os.close(lock)


def test_a_process_that_has_the_database_open_is_in_the_way(
    installation: Installation, archive: Path
) -> None:
    before = installation.content()
    reader = subprocess.Popen(
        [sys.executable, "-c", SETUP + READER],
        env=installation.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with reader:
        assert reader.stdout
        assert reader.stdout.readline()
        line = installation.refused("restore", str(archive))
        reader.kill()

    assert "The product runs: " in line
    assert installation.content() == before


def test_a_gateway_that_was_just_seen_is_in_the_way(
    installation: Installation, archive: Path
) -> None:
    installation.python(SEEN)

    assert "a gateway was seen" in installation.refused("restore", str(archive))


def test_signs_of_life_are_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    states = {"worker": State.OK, "beat": State.RESTARTING, "gateway": State.UNKNOWN}
    monkeypatch.setattr(
        signs_of_life, "look", lambda part: Seen(states[part], works=True)
    )

    found = list(running._parts())

    assert [line.split()[1] for line in found] == ["worker", "beat"]


@pytest.mark.parametrize(
    ("table", "old", "new", "said"),
    [
        ("tasks.task", b'"MID_JOURNEY"', b"[1, 2", "rows cannot be read"),
        ("accounts.apikey", b"[", b"[1, ", "columns differ"),
        ("accounts.accountevent", b"]\n", b"]\n[1]\n", "wrong number of values"),
    ],
)
def test_rows_that_do_not_fit_are_refused_before_anything_is_touched(
    installation: Installation,
    archive: Path,
    table: str,
    old: bytes,
    new: bytes,
    said: str,
) -> None:
    before = installation.content()
    spoiled = archive.with_name("spoiled.tar")
    _copy(archive, spoiled, table, lambda text: text.replace(old, new, 1))

    line = installation.refused("restore", str(spoiled))

    assert said in line
    assert installation.content() == before


def test_a_row_that_belongs_to_none_is_refused(
    installation: Installation, archive: Path
) -> None:
    spoiled = archive.with_name("spoiled.tar")
    _copy(archive, spoiled, "accounts.user", lambda text: text.splitlines()[0] + b"\n")

    assert "violate a constraint" in installation.refused("restore", str(spoiled))


def _copy(source: Path, target: Path, table: str, change: Any) -> None:
    """Copy a backup with one table changed, as somebody would who knows the form."""
    found = verify(source)
    with tarfile.open(source) as tar, writing(target) as writer:
        for name in found.members:
            file = tar.extractfile(name)
            assert file
            data = file.read()
            if name == f"rows/{table}.jsonl.gz":
                data = gzip.compress(change(gzip.decompress(data)))
            writer.add_bytes(name, data)
        facts = {k: v for k, v in vars(found).items() if k != "members"}
        writer.finish(Manifest(**facts))
