"""Files of the product cannot be read by other users of the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mjproxy.checks import check_data_folder
from mjproxy.lib.process import private_files
from tests.mjproxy.run.test_start import ROOT, clean_environment

NOBODY = 65534


@pytest.fixture
def reachable() -> Iterator[Path]:
    """Return a folder that every user of the machine can enter."""
    folder = Path(tempfile.mkdtemp(prefix="mjproxy-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def seen_by_nobody(folder: Path) -> list[str]:
    """Return what below a folder another user of this machine can read.

    Only root can become another user; anyone else looks at the modes.
    """
    find = ["find", str(folder), "!", "-type", "l"]
    if os.getuid() != 0:
        return _found([*find, "-perm", "/077"])
    user: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    return _found([*find, "-readable"], **user)


def _found(command: list[str], **kwargs: Any) -> list[str]:
    done: subprocess.CompletedProcess[str] = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd="/", **kwargs
    )
    return done.stdout.splitlines()


def prepare(data: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "prepare"],
        env=clean_environment(data),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        umask=0o022,
    )


def test_another_user_reads_nothing_of_what_is_made(reachable: Path) -> None:
    (reachable / "open").touch()
    (reachable / "open").chmod(0o644)

    done = prepare(reachable / "data")

    assert done.returncode == 0, done.stderr
    assert (reachable / "data" / "mjproxy.sqlite3").stat().st_size
    assert seen_by_nobody(reachable) == [str(reachable), str(reachable / "open")]
    modes = {path.stat().st_mode & 0o077 for path in (reachable / "data").rglob("*")}
    assert modes == {0}


def test_what_was_open_is_closed_and_said(reachable: Path) -> None:
    data = reachable / "data"
    data.mkdir()
    data.chmod(0o755)
    for name in ("mjproxy.sqlite3", "mjproxy.sqlite3-wal"):
        (data / name).touch()
        (data / name).chmod(0o644)
    (data / "pictures").mkdir()
    (data / "pictures").chmod(0o755)

    done = prepare(data)

    assert done.returncode == 0, done.stderr
    assert (
        "closed to other users of this machine: data, mjproxy.sqlite3, " in done.stderr
    )
    assert "pictures" in done.stderr
    assert not private_files.is_open(data / "mjproxy.sqlite3")
    assert seen_by_nobody(data) == []


def test_a_folder_that_all_share_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)

    done = prepare(tmp_path)

    assert done.returncode == 2
    assert "shared by all" in done.stderr
    assert tmp_path.stat().st_mode & 0o7777 == 0o1777


def test_a_folder_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4711)

    with pytest.raises(private_files.NotOurs, match="another user"):
        private_files.close(tmp_path)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.touch()
    outside.chmod(0o644)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "link").symlink_to(outside)

    private_files.close(tmp_path / "data")

    assert private_files.is_open(outside)


def test_a_running_process_is_told_of_an_open_folder(
    tmp_path: Path, settings: Any
) -> None:
    settings.DATA_DIR = tmp_path
    tmp_path.chmod(0o750)
    (warning,) = check_data_folder()
    assert warning.id == "mjproxy.W005"

    tmp_path.chmod(0o700)
    assert check_data_folder() == []
