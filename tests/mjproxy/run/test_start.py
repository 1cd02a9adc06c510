"""A refused start ends with one line, code 2 and no traceback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mjproxy import env
from mjproxy.run import start

ROOT = Path(__file__).resolve().parents[3]
OURS = ("MJPROXY_", "NG_DISCORD_", "DATABASE_URL", "REDIS_URL", "DJANGO_")


def clean_environment(data_dir: Path, **changes: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
    return kept | {"MJPROXY_DATA_DIR": str(data_dir)} | changes


def run_up(data_dir: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "up"],
        env=clean_environment(data_dir, **changes),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("MJPROXY_DEMO", "perhaps"),
        ("MJPROXY_TRUSTED_PROXIES", "-1"),
        ("MJPROXY_PUBLIC_URL", "draw.example.com"),
        ("MJPROXY_PUBLIC_URL", "https://draw.example.com/mj"),
        ("MJPROXY_ALLOWED_HOSTS", "https://draw.example.com/mj"),
        ("MJPROXY_ADMIN_TOKEN", "a-token-of-19-signs"),
        ("MJPROXY_ENCRYPTION_KEYS", "no-key"),
        ("MJPROXY_LOG_LEVEL", "LOUD"),
        ("MJPROXY_SECRET_KEY_FILE", "/nowhere/key"),
        ("MJPROXY_HOST", "no.such.host.invalid"),
        ("MJPROXY_DATA_DIR", "/proc/nowhere"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "sqlite:////nowhere/at/all.sqlite3"),
        ("DATABASE_URL", "postgres://someone:hush@127.0.0.1:1/nothing"),
        ("DATABASE_URL", "mysql://someone:hush@127.0.0.1:1/nothing"),
        ("REDIS_URL", "redis://:hush@127.0.0.1:1/0"),
        ("REDIS_URL", "redis://:hush@127.0.0.1/1?db=2"),
        ("REDIS_URL", "http://:hush@127.0.0.1:1/0"),
        ("TZ", "Mars/Olympus"),
    ],
)
def test_a_wrong_value_stops_the_start_with_one_line(
    tmp_path: Path, free_port: int, name: str, value: str
) -> None:
    changes = {"PORT": str(free_port), "MJPROXY_ALLOWED_HOSTS": "a.example"}

    done = run_up(tmp_path, **changes | {name: value})

    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert name in line or value in line
    assert "hush" not in line


def test_a_port_in_use_stops_the_start(tmp_path: Path, taken_port: int) -> None:
    done = run_up(tmp_path, PORT=str(taken_port))

    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert str(taken_port) in line
    assert "in use" in line


def test_a_second_up_on_the_same_data_is_refused(
    tmp_path: Path, free_port: int
) -> None:
    lock = start.take_lock(tmp_path)
    try:
        done = run_up(tmp_path, PORT=str(free_port))
    finally:
        os.close(lock)

    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert f"already runs on {tmp_path} (process {os.getpid()})" in line


def test_the_lock_is_free_again_when_its_holder_has_gone(tmp_path: Path) -> None:
    os.close(start.take_lock(tmp_path))

    os.close(start.take_lock(tmp_path))


def test_the_socket_lies_in_the_data_folder_where_its_path_is_short() -> None:
    path = Path("/srv/mjproxy/redis.sock")

    assert env.socket_path(path) == path


def test_a_deep_data_folder_gets_a_short_socket_of_its_own() -> None:
    deep = [Path("/", *["a-long-name"] * 10, name, "redis.sock") for name in "ab"]

    first, second = (env.socket_path(path) for path in deep)

    assert len(os.fsencode(first)) < 108
    assert first != second
    assert first == env.socket_path(deep[0])


def test_a_socket_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    link = tmp_path / "link"
    link.symlink_to(tmp_path)

    for folder in (open_to_all, link):
        with pytest.raises(start.Refused):
            start.make_private(folder)
    start.make_private(tmp_path / "fresh")


def test_a_kept_secret_is_made_once_and_private(tmp_path: Path) -> None:
    values = iter(["first", "second"])

    made = [
        env.kept_secret("MJPROXY_NEW", tmp_path / "s", lambda: next(values))
        for _ in range(2)
    ]

    assert made == ["first", "first"]
    assert (tmp_path / "s" / "new").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "s").stat().st_mode & 0o777 == 0o700


def test_every_role_is_told_by_its_command_line() -> None:
    lines = {program.role: " ".join(program.argv) for program in start.programs(7)}

    assert "mjproxy.server" in lines["web"]
    assert "--fd 7" in lines["web"]
    assert "rungateway" in lines["gateway"]
    assert "celery" in lines["worker"]
    assert " worker " in lines["worker"]
    assert lines["beat"].endswith(" beat")
