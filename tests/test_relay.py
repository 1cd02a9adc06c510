"""The relay does what the tests that use it rely on."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from tests.relay import Relay, relay_to


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends back what it gets."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                line, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(line,), daemon=True).start()

    def answer(line: socket.socket) -> None:
        with line:
            while data := line.recv(1024):
                line.sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()


@pytest.fixture
def relay(echo: int) -> Iterator[Relay]:
    with relay_to(echo) as relay:
        yield relay


def call(relay: Relay, timeout: float = 5.0) -> socket.socket:
    return socket.create_connection(("127.0.0.1", relay.port), timeout)


def is_closed(line: socket.socket) -> bool:
    try:
        return line.recv(1) == b""
    except ConnectionResetError:
        return True


def test_it_passes_on_both_ways(relay: Relay) -> None:
    with call(relay) as line:
        line.sendall(b"hello")

        assert line.recv(5) == b"hello"


def test_silence_closes_nothing_and_loses_nothing(relay: Relay) -> None:
    with call(relay, timeout=0.3) as line:
        line.sendall(b"1")
        assert line.recv(1) == b"1"
        relay.fall_silent(new_too=False)

        line.sendall(b"2")
        with pytest.raises(TimeoutError):
            line.recv(1)
        with call(relay) as other:
            other.sendall(b"x")
            assert other.recv(1) == b"x"

        relay.heal()
        assert line.recv(1) == b"2"


def test_silence_can_hold_for_new_lines_too(relay: Relay) -> None:
    relay.fall_silent()

    with call(relay, timeout=0.3) as line:
        line.sendall(b"x")
        with pytest.raises(TimeoutError):
            line.recv(1)
        relay.heal()
        assert line.recv(1) == b"x"


def test_a_cut_line_is_closed_and_new_ones_too(relay: Relay) -> None:
    with call(relay) as line:
        line.sendall(b"1")
        assert line.recv(1) == b"1"
        relay.cut()

        assert is_closed(line)
        with call(relay) as other:
            assert is_closed(other)

    relay.heal()
    with call(relay) as line:
        line.sendall(b"2")
        assert line.recv(1) == b"2"


def test_some_lines_can_be_slow(relay: Relay) -> None:
    relay.delay(lambda number: 0.0 if number % 2 else 0.5)

    with call(relay, timeout=0.2) as slow, call(relay) as quick:
        slow.sendall(b"s")
        quick.sendall(b"q")
        assert quick.recv(1) == b"q"
        with pytest.raises(TimeoutError):
            slow.recv(1)
        slow.settimeout(5.0)
        assert slow.recv(1) == b"s"
