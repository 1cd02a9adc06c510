"""The listening socket: our own, or systemd's."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from mjproxy.run.listen_socket import Unusable, listen
from mjproxy.run.probe import reachable

ROOT = Path(__file__).resolve().parents[3]
TELL = (
    "from mjproxy.run.listen_socket import Unusable, listen\n"
    "try: found = listen('127.0.0.1', 9, 0)\n"
    "except Unusable as exc: print(exc)\n"
    "else: print(found.url, found.socket.fileno(), found.socket.get_inheritable())\n"
)


@pytest.fixture
def given() -> Iterator[socket.socket]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        yield found


def handed(found: socket.socket, count: str = "1", pid: str = "$$") -> str:
    """Return what a process makes of a socket that it finds as number 3."""
    words = f"LISTEN_PID={pid} LISTEN_FDS={count} exec {sys.executable} -c"
    number = found.fileno()
    done = subprocess.run(
        ["bash", "-c", f'exec 3<&{number}; {words} "$0"', TELL],
        cwd=ROOT,
        pass_fds=[number],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_the_socket_of_systemd_is_taken(given: socket.socket) -> None:
    given.listen()

    assert handed(given) == f"http://127.0.0.1:{given.getsockname()[1]} 3 False"


@pytest.mark.parametrize(
    ("count", "what"),
    [("1", "does not listen"), ("2", "one socket"), ("x", "one socket")],
)
def test_what_is_no_listening_socket_is_refused(
    given: socket.socket, count: str, what: str
) -> None:
    assert what in handed(given, count)


def test_a_datagram_socket_and_a_unix_socket_are_refused(tmp_path: Path) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        assert "LISTEN_FDS" in handed(found)
    with socket.socket(socket.AF_UNIX) as found:
        found.bind(str(tmp_path / "s"))
        found.listen()
        assert "does not listen" in handed(found)


def test_a_socket_for_another_process_is_left_alone(given: socket.socket) -> None:
    given.listen()

    assert str(given.getsockname()[1]) not in handed(given, pid="1")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "0.0.0.0", "localhost"])
def test_connections_wait_from_the_first_moment_on(host: str) -> None:
    with ExitStack() as stack:
        found = stack.enter_context(closing(listen(host, 0, 0).socket))
        place = reachable(found.getsockname()[0]), found.getsockname()[1]
        for _ in range(100):
            line = socket.create_connection(place, timeout=20)
            stack.enter_context(closing(line))


def test_a_port_in_use_is_refused(given: socket.socket) -> None:
    given.listen()

    with pytest.raises(Unusable, match="in use"):
        listen("127.0.0.1", given.getsockname()[1], 0)
