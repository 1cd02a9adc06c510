"""The web server under pressure: real sockets to a real process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.mjproxy.server.web_app import BIG
from tests.mjproxy.server.web_server import Server, answer, request, running

APP = "tests.mjproxy.server.web_app:application"
MB = 1_000_000


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(APP, tmp_path_factory.mktemp("data")) as server:
        answer(server.send(request("/")))
        yield server


@pytest.fixture
def server(process: Server) -> Iterator[Server]:
    yield process
    process.hang_up()


def test_a_body_that_its_address_takes_is_read(server: Server) -> None:
    body = b"x" * 3_000

    connection = server.send(request("/mj/admin/login", "POST", body))

    assert answer(connection) == (200, b"3000")


@pytest.mark.parametrize(
    ("path", "size"),
    [
        ("/mj/admin/login", 29 * MB),
        ("/MJ//mj/admin/login/?next=x", 29 * MB),
        ("/mj/%61dmin/login", 29 * MB),
        ("/mj/submit/imagine", 600 * MB),
        ("/anything", 600 * MB),
    ],
)
def test_a_declared_length_is_refused_before_a_byte_of_it_came(
    server: Server, path: str, size: int
) -> None:
    connection = server.send(request(path, "POST", content_length=size))

    status, body = answer(connection)

    assert (status, b'"success":false' in body) == (413, True)


def test_a_caller_who_goes_on_talking_reads_the_answer_and_costs_no_memory(
    server: Server,
) -> None:
    before = server.memory()
    connection = server.send(request("/mj/admin/login", "POST", content_length=29 * MB))

    connection.sendall(bytes(29 * MB))

    assert answer(connection)[0] == 413
    assert server.peak() - before < 5 * MB


@pytest.mark.parametrize(
    ("path", "limit"), [("/mj/admin/login", 4_000), ("/mj/submit/imagine", 30 * MB)]
)
def test_a_chunked_body_is_counted_as_it_comes(
    server: Server, path: str, limit: int
) -> None:
    connection = server.send(request(path, "POST", transfer_encoding="chunked"))
    piece = min(limit, 1 << 18)
    for _ in range(limit // piece):
        connection.sendall(b"%x\r\n%b\r\n" % (piece, bytes(piece)))

    connection.sendall(b"%x\r\n%b\r\n" % (piece, bytes(piece)))

    assert answer(connection)[0] == 413


def test_a_chunked_body_within_the_limit_is_read(server: Server) -> None:
    connection = server.send(request("/x", "POST", transfer_encoding="chunked"))

    connection.sendall(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")

    assert answer(connection) == (200, b"5")


def test_nobody_is_asked_to_send_what_would_be_refused(server: Server) -> None:
    asked = request("/x", "POST", content_length=MB, expect="100-continue")

    assert answer(server.send(asked))[0] == 413


def test_a_form_is_not_taken_apart_by_the_server(server: Server) -> None:
    before = server.memory()
    body = b"a=&" * (9 * MB)
    kind = "application/x-www-form-urlencoded"

    connection = server.send(
        request("/mj/submit/imagine", "POST", body, content_type=kind)
    )

    assert answer(connection) == (200, b"%d" % len(body))
    assert server.peak() - before < 100 * MB


@pytest.mark.parametrize("path", ["/big", "/whole"])
def test_slow_readers_of_a_large_answer_cost_little_memory(
    server: Server, path: str
) -> None:
    before = server.memory()
    count = 12 if path == "/big" else 1

    readers = [server.send(request(path)) for _ in range(count)]
    begun = [reader.recv(1000) for reader in readers]

    # Another is served meanwhile, and reads to the end.
    assert answer(server.send(request("/")))[0] == 200
    status, body = answer(server.send(request("/big")))
    assert all(begun)
    assert (status, len(body)) == (200, BIG)
    own = BIG if path == "/whole" else 0  # what the application itself holds
    assert server.peak() - before < own + 15 * MB


def test_a_slow_reader_gets_all_in_the_end(server: Server) -> None:
    reader = server.send(request("/big"))
    reader.recv(1)

    rest = BIG
    while part := reader.recv(1 << 20):
        rest -= len(part)
        if rest < 0:
            break

    assert rest < 0


def test_requests_in_a_row_are_answered_in_their_order(server: Server) -> None:
    bodies = [b"a" * count for count in (1, 22, 333)]

    connection = server.send(b"".join(request("/x", "POST", b) for b in bodies))

    data = b""
    while data.count(b"HTTP/1.1 200") < 3 or not data.endswith(b"333"):
        data += connection.recv(1 << 16)
    assert [part[-1:] for part in data.split(b"HTTP/1.1 200")[1:]] == [b"1", b"2", b"3"]


def test_a_connection_goes_on_after_a_large_answer(server: Server) -> None:
    connection = server.send(request("/big"))
    assert len(answer(connection)[1]) == BIG

    connection.sendall(request("/x", "POST", b"abc"))

    assert answer(connection) == (200, b"3")


SHAKE = request(
    "/ws",
    upgrade="websocket",
    connection="Upgrade",
    sec_websocket_key="dGhlIHNhbXBsZSBub25jZQ==",
    sec_websocket_version=13,
)


def frame(size: int) -> bytes:
    """Return a message of zeros, masked by zeros."""
    form = (b"\xfe", 2) if size < 1 << 16 else (b"\xff", 8)
    return b"\x82" + form[0] + size.to_bytes(form[1], "big") + bytes(4 + size)


def test_a_websocket_that_is_not_read_costs_little_memory(server: Server) -> None:
    before = server.memory()

    sockets = [server.send(SHAKE) for _ in range(5)]
    begun = [each.recv(12) for each in sockets]

    assert begun == [b"HTTP/1.1 101"] * 5
    assert answer(server.send(request("/")))[0] == 200
    assert server.peak() - before < 10 * MB


def test_a_websocket_that_is_read_gets_all_its_long_messages(server: Server) -> None:
    reader = server.send(SHAKE)
    received = 0

    while part := reader.recv(1 << 20):
        received += len(part)
        if part.endswith(b"\x88\x02\x03\xe8"):  # the last frame: closed as agreed
            break

    assert received > BIG // (1 << 18) * (1 << 18)


@pytest.mark.parametrize(("size", "count"), [(60_000, 1_000), (1_000_000, 100)])
def test_who_talks_too_much_on_a_websocket_is_dropped(
    server: Server, size: int, count: int
) -> None:
    before = server.memory()
    talker = server.send(SHAKE)
    assert talker.recv(12) == b"HTTP/1.1 101"

    with suppress(ConnectionError):
        for _ in range(count):
            talker.sendall(frame(size))
        while talker.recv(1 << 20):
            pass

    assert answer(server.send(request("/")))[0] == 200
    assert server.peak() - before < 15 * MB
