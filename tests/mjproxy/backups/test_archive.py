"""A file that is no whole backup of ours is refused before anything is touched."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mjproxy.backups.archive import BadArchive, Manifest, verify, writing
from mjproxy.backups.rows import targets

ROWS = "rows/tasks.task.jsonl.gz"
TOLD: dict[str, Any] = {
    "product": "1",
    "database": "sqlite",
    "made_at": "2026-11-28T00:00:00+00:00",
    "migrations": [("tasks", "0001_initial")],
    "keys": [],
}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "backup.tar"
    with writing(path) as writer:
        writer.add_bytes(ROWS, b"some rows" * 1000)
        writer.add_bytes("pictures/1/a.png", b"a picture")
        writer.finish(Manifest(**TOLD))
    return path


def rewritten(path: Path, change: Callable[[list[Any]], None]) -> Path:
    """Write the file anew with its members changed: pairs of head and bytes."""
    with tarfile.open(path) as tar:
        members = [(info, tar.extractfile(info).read()) for info in tar]  # type: ignore[union-attr]
    change(members)
    with tarfile.open(path, "w") as tar:
        for info, data in members:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def named(name: str, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "/etc/passwd"
    return info


def test_a_whole_one_is_read(archive: Path) -> None:
    found = verify(archive)

    assert found.tables == {"tasks.task": ROWS}
    assert found.pictures == ["pictures/1/a.png"]
    assert found.migrations == [("tasks", "0001_initial")]


@pytest.mark.parametrize(
    "info",
    [
        named("pictures/../../etc/cron.d/x"),
        named("../x"),
        named("/etc/passwd"),
        named("pictures/.hidden"),
        named("pictures//x"),
        named("pictures/a\n"),
        named("rows/../secrets.jsonl.gz"),
        named("rows/tasks.other.jsonl.gz\0"),
        named("unknown"),
        named("pictures/link", tarfile.SYMTYPE),
        named("pictures/link", tarfile.LNKTYPE),
        named("pictures/pipe", tarfile.FIFOTYPE),
        named("pictures/disk", tarfile.BLKTYPE),
        named("pictures/folder", tarfile.DIRTYPE),
        named(ROWS),
    ],
    ids=lambda info: f"{info.name!r} {info.type!r}",
)
def test_no_other_member_is_taken(archive: Path, info: tarfile.TarInfo) -> None:
    rewritten(archive, lambda members: members.insert(1, (info, b"")))

    with pytest.raises(BadArchive):
        verify(archive)


def test_it_is_refused_wherever_it_is_cut_off(archive: Path) -> None:
    whole = archive.read_bytes()
    end = len(whole.rstrip(b"\0"))

    for length in [*range(0, end, 512), *range(100, end, 1777), end - 1]:
        archive.write_bytes(whole[:length])
        with pytest.raises(BadArchive):
            verify(archive)


def test_no_byte_of_it_can_be_changed(archive: Path) -> None:
    whole = archive.read_bytes()
    for place in range(512, 512 + 9000, 500):
        archive.write_bytes(whole[:place] + b"\xff" + whole[place + 1 :])

        with pytest.raises(BadArchive):
            verify(archive)


def test_a_member_may_neither_be_missing_nor_follow_the_manifest(archive: Path) -> None:
    whole = archive.read_bytes()
    rewritten(archive, lambda members: members.pop(1))
    with pytest.raises(BadArchive):
        verify(archive)

    archive.write_bytes(whole)
    rewritten(archive, lambda members: members.append((named("pictures/b"), b"")))
    with pytest.raises(BadArchive):
        verify(archive)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"version": 2},
        {"members": []},
        {"migrations": [["tasks"]]},
        {"migrations": "tasks"},
        {"keys": None},
        {"surplus": 1},
        {"made_at": 5},
    ],
    ids=str,
)
def test_a_manifest_of_another_form_is_refused(
    archive: Path, change: dict[str, Any]
) -> None:
    def edit(members: list[Any]) -> None:
        info, data = members.pop()
        members.append((info, json.dumps(json.loads(data) | change).encode()))

    rewritten(archive, edit)

    with pytest.raises(BadArchive):
        verify(archive)


@pytest.mark.parametrize("data", [b"", b"no tar", b"\x1f\x8b", b"\0" * 10240])
def test_what_is_no_tar_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)

    with pytest.raises(BadArchive):
        verify(path)


@pytest.mark.parametrize("had", [[("tasks", "9999_later")], []])
def test_one_of_a_newer_version_is_refused(had: list[tuple[str, str]]) -> None:
    with pytest.raises(BadArchive, match="newer version"):
        targets(Manifest(**TOLD | {"migrations": had}))


def test_what_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def break_off() -> None:
        with writing(tmp_path / "backup.tar") as writer:
            writer.add_bytes(ROWS, b"x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()

    assert list(tmp_path.iterdir()) == []
