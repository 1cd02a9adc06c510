"""Callers who keep the web server waiting: half-sent requests, answers nobody reads."""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.calls import eventually
from tests.mjproxy.server.web_app import BIG
from tests.mjproxy.server.web_server import Server, answer, request, running

HALF = b"POST /mj/submit/imagine HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Le"
FILES = resource.RLIMIT_NOFILE


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    app = "tests.mjproxy.server.web_app_hasty:application"
    with running(app, tmp_path_factory.mktemp("data")) as server:
        yield server


@pytest.fixture
def hasty(process: Server) -> Iterator[Server]:
    yield process
    process.hang_up()


@pytest.fixture
def many_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(FILES)
    if hard != resource.RLIM_INFINITY and hard < 4096:
        pytest.skip("this system allows no more files")
    resource.setrlimit(FILES, (4096, hard))
    yield
    resource.setrlimit(FILES, (soft, hard))


def is_closed(connection: socket.socket) -> bool:
    """Tell whether the server has closed it, reading what is left."""
    connection.setblocking(False)
    with suppress(BlockingIOError):
        try:
            while connection.recv(1 << 20):
                pass
        except ConnectionError:
            pass
        return True
    return False


@pytest.mark.parametrize(
    "half",
    [
        b"G",
        HALF,
        request("/mj/submit/imagine", "POST", content_length=5) + b"abc",
        request("/x", "POST", transfer_encoding="chunked") + b"5\r\nabc",
    ],
    ids=["a letter", "headers", "a body", "a chunk"],
)
def test_a_half_sent_request_is_ended_in_time(hasty: Server, half: bytes) -> None:
    connection = hasty.send(half)

    assert answer(connection)[0] == 408
    eventually(lambda: is_closed(connection), what="it is closed", limit=20)


def test_a_request_that_drips_in_is_ended_in_time(hasty: Server) -> None:
    connection = hasty.send(HALF)
    connection.settimeout(0.1)
    status = 0

    for _ in range(100):
        try:
            connection.sendall(b"x")
            status = answer(connection)[0]
            break
        except TimeoutError:
            continue

    assert status == 408


def test_a_kept_connection_may_be_silent_between_its_requests(hasty: Server) -> None:
    connection = hasty.connect()
    for _ in range(2):
        connection.sendall(request("/x", "POST", b"abc"))
        assert answer(connection) == (200, b"3")
    half = hasty.send(HALF)
    assert answer(half)[0] == 408  # so long the other one is silent

    connection.sendall(request("/x", "POST", b"abc"))

    assert answer(connection) == (200, b"3")


@pytest.mark.parametrize("last", [{}, {"connection": "close"}])
def test_who_reads_nothing_is_dropped(hasty: Server, last: dict[str, Any]) -> None:
    reader = hasty.send(request("/big", **last))
    whole = hasty.send(request("/big"))
    assert len(answer(whole)[1]) == BIG

    received = len(reader.recv(1))
    waiting = hasty.send(HALF)
    assert answer(waiting)[0] == 408
    waiting = hasty.send(HALF)
    assert answer(waiting)[0] == 408
    with suppress(ConnectionError):
        while part := reader.recv(1 << 20):
            received += len(part)

    assert received < BIG


def test_bodies_that_do_not_end_give_way_to_others(hasty: Server) -> None:
    begun = request("/mj/submit/imagine", "POST", content_length=25_000_000)
    first = hasty.send(begun + bytes(24_000_000))

    second = hasty.send(begun + bytes(25_000_000))

    assert answer(second) == (200, b"25000000")
    assert is_closed(first)


def test_half_sent_requests_do_not_keep_others_out(
    many_files: None, tmp_path: Path
) -> None:
    app = "tests.mjproxy.server.web_app:application"
    with running(app, tmp_path, files=512) as server:
        first = server.send(HALF)
        for _ in range(600):
            server.send(HALF)

        status, body = answer(server.send(request("/x", "POST", b"abc")))

        assert (status, body) == (200, b"3")
        assert is_closed(first)


def test_whole_requests_are_not_dropped_for_half_sent_ones(
    many_files: None, tmp_path: Path
) -> None:
    app = "tests.mjproxy.server.web_app:application"
    with running(app, tmp_path, files=512) as server:
        reader = server.send(request("/big"))
        assert reader.recv(12) == b"HTTP/1.1 200"

        for _ in range(250):
            server.send(HALF)

        received = 12
        while received < BIG and (part := reader.recv(1 << 20)):
            received += len(part)
        assert received >= BIG
