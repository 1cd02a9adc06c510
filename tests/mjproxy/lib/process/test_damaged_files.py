"""The embedded Redis whose files are damaged starts empty: it holds nudges only."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from mjproxy.lib.process.damaged_files import set_aside
from mjproxy.run.plan import Plan, Program
from mjproxy.run.start import redis_server
from tests.e2e.calls import eventually
from tests.mjproxy.run.test_supervisor import PATIENCE, Running, _kill, _spawn

FILES = "appendonlydir/appendonly.aof"


def arguments(folder: Path, socket: Path) -> list[str]:
    pairs = {
        "port": "0",
        "unixsocket": str(socket),
        "dir": str(folder),
        "appendonly": "yes",
        "save": "",
        "loglevel": "warning",
    }
    words = [word for name, value in pairs.items() for word in (f"--{name}", value)]
    return [redis_server(), *words]


def client_of(socket: Path) -> redis.Redis:
    client = redis.Redis(unix_socket_path=str(socket))
    eventually(lambda: answers(client), what="Redis answers")
    return client


def answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a Redis that held some keys."""
    folder = tmp_path_factory.mktemp("kept")
    socket = folder / "s"
    process = subprocess.Popen(
        arguments(folder, socket), stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    )
    client = client_of(socket)
    for number in range(200):
        client.set(f"key{number}", "x" * 50)
    client.waitaof(1, 0, 5000)
    process.terminate()
    process.wait(PATIENCE)
    return folder


@pytest.fixture
def folder(kept: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "redis"
    for file in kept.rglob("*"):
        if file.is_file():
            target = copy / file.relative_to(kept)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    return copy


@pytest.fixture
def supervise(folder: Path, tmp_path: Path) -> Iterator[Callable[[], Running]]:
    started = []

    def start() -> Running:
        argv = arguments(folder, tmp_path / "s")
        program = Program("valkey", argv, state=str(folder))
        started.append(_spawn(Plan([program], host="127.0.0.1", port=9)))
        return Running(started[-1])

    yield start
    for process in started:
        _kill(process)


def middle_damaged(folder: Path) -> None:
    file = folder / f"{FILES}.1.incr.aof"
    body = file.read_bytes()
    at = body.index(b"*3\r\n", len(body) // 2)
    file.write_bytes(body[:at] + b"GARBAGE" + body[at + 7 :])


def rdb_damaged(folder: Path) -> None:
    file = folder / f"{FILES}.1.base.rdb"
    body = file.read_bytes()
    file.write_bytes(body[:40] + b"XX" + body[42:])


def manifest_cut(folder: Path) -> None:
    file = folder / f"{FILES}.manifest"
    file.write_bytes(file.read_bytes()[:40])


def manifest_empty(folder: Path) -> None:
    (folder / f"{FILES}.manifest").write_bytes(b"")


def part_missing(folder: Path) -> None:
    (folder / f"{FILES}.1.incr.aof").unlink()


def unwritable(folder: Path) -> None:
    """As for somebody who may not write there; root may write everywhere."""
    file = folder / f"{FILES}.1.incr.aof"
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    "damage",
    [
        middle_damaged,
        rdb_damaged,
        manifest_cut,
        manifest_empty,
        part_missing,
        unwritable,
    ],
)
def test_it_is_set_aside_and_starts_empty_with_one_line(
    folder: Path,
    tmp_path: Path,
    supervise: Callable[[], Running],
    damage: Callable[[Path], None],
) -> None:
    damage(folder)

    running = supervise()
    client = client_of(tmp_path / "s")

    assert client.dbsize() == 0
    running.process.terminate()
    lines = running.rest()
    (line,) = [line for line in lines if "| ERROR " in line]
    (aside,) = tmp_path.glob("redis.damaged-*")
    assert str(aside) in line
    assert list(aside.rglob("appendonly*"))


def test_what_is_whole_stays(
    folder: Path, tmp_path: Path, supervise: Callable[[], Running]
) -> None:
    running = supervise()

    assert client_of(tmp_path / "s").dbsize() == 200
    running.process.terminate()
    assert not [line for line in running.rest() if "| ERROR " in line]
    assert not list(tmp_path.glob("redis.damaged-*"))


def test_a_program_that_fails_all_the_same_is_emptied_once(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "file").write_text("x")
    script = f"open('{folder}/again', 'w').close(); exit(1)"
    program = Program("valkey", ["python3", "-c", script], state=str(folder))
    process = _spawn(Plan([program], host="127.0.0.1", port=9))
    running = Running(process)
    try:
        for _ in range(4):
            running.await_text("ended with code 1")
    finally:
        _kill(process)

    assert len(list(tmp_path.glob("state.damaged-*"))) == 1


def test_a_killed_program_keeps_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "file").write_text("x")
    script = "import os; os.kill(os.getpid(), 9)"
    program = Program("valkey", ["python3", "-c", script], state=str(folder))
    process = _spawn(Plan([program], host="127.0.0.1", port=9))
    try:
        Running(process).await_text("ended with signal 9")
    finally:
        _kill(process)

    assert (folder / "file").exists()


def test_names_are_not_used_twice(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    for _ in range(3):
        folder.mkdir(exist_ok=True)
        (folder / "file").write_text("x")
        assert "moved" in set_aside(folder)

    assert len(list(tmp_path.glob("state.damaged-*"))) == 3
    assert set_aside(folder) == ""  # there is nothing left
    assert set_aside(tmp_path / "nowhere") == ""


def test_a_file_in_the_way_is_set_aside_too(tmp_path: Path) -> None:
    place = tmp_path / "redis"
    place.write_text("I am no folder")

    assert "moved" in set_aside(place)
    assert place.is_dir()


def test_what_cannot_be_renamed_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "file").write_text("x")

    def refuse(*_: object) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)

    assert "Permission denied" in set_aside(folder)
