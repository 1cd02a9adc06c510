"""Holders of leases, and whether their process has died."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from accounts.models import DiscordAccount
from gateway import lease_holders, leases
from gateway.leases import is_open
from tests.gateway.rows import make_session

# Locks the file that it is told of, says so, and waits.
HOLDER = """
import sys
from django.conf import settings
settings.configure(DATA_DIR=sys.argv[1])
from gateway import lease_holders
kept = lease_holders.keep(sys.argv[2])
print("kept", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path / "gateways"


@pytest.fixture
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    words = [sys.executable, "-c", HOLDER, str(folder.parent), "one"]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "kept\n"
        yield process
        process.kill()


def test_a_process_that_was_killed_is_known_to_be_dead_at_once(
    holder: subprocess.Popen[str],
) -> None:
    assert not lease_holders.is_dead("one")

    holder.kill()
    holder.wait(20)

    assert lease_holders.is_dead("one")


def test_nothing_is_posted_for_the_socket_of_the_dead(
    account: DiscordAccount, holder: subprocess.Popen[str]
) -> None:
    session = make_session(account, holder="one")
    assert is_open(session)

    holder.kill()
    holder.wait(20)

    assert not is_open(session)


def test_of_a_process_of_another_machine_nothing_is_known(
    holder: subprocess.Popen[str], folder: Path
) -> None:
    holder.kill()
    holder.wait(20)
    (folder / "one").write_text("another boot")

    assert not lease_holders.is_dead("one")
    assert not lease_holders.is_dead("nobody knows it")


def test_what_the_dead_have_held_is_free_at_once(
    account: DiscordAccount, holder: subprocess.Popen[str], folder: Path
) -> None:
    make_session(account, holder="one")
    (folder / "far").write_text("another boot")
    leases.retire_dead()
    assert leases.acquire("two", 1) == {}

    holder.kill()
    holder.wait(20)
    leases.retire_dead()

    assert list(leases.acquire("two", 1)) == [account.pk]
    assert [path.name for path in folder.iterdir()] == ["far"]


def test_old_files_of_other_boots_are_removed(folder: Path) -> None:
    folder.mkdir()
    for name, age in {"near": 3600.0, "long gone": 2 * 24 * 3600.0}.items():
        (folder / name).write_text("another boot")
        os.utime(folder / name, (0, time.time() - age))

    kept = lease_holders.keep("one")

    assert {path.name for path in folder.iterdir()} == {"one", "near"}
    assert kept
    kept.close()


def test_where_boots_have_no_name_the_time_of_the_lease_decides(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(lease_holders, "_BOOT", tmp_path / "none")

    assert lease_holders.keep("one") is None
    assert not lease_holders.is_dead("one")
