"""A web process that is told to end: it finishes its work, and nobody is refused."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import aiohttp
import pytest

from mjproxy.run.listen_socket import Listener, listen

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 30
APP = "tests.mjproxy.server.drained_app:application"


class Web:
    """A web process on a socket that somebody else owns."""

    def __init__(self, listener: Listener) -> None:
        number = listener.socket.fileno()
        words = [
            "-v",
            "0",
            "--fd",
            str(number),
            "tests.mjproxy.server.drained_app:application",
        ]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mjproxy.server", *words],
            cwd=ROOT,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            pass_fds=[number],
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Web:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def await_line(self) -> None:
        assert self.process.stdout
        assert self.process.stdout.readline()

    def tell_to_end(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def end(self) -> int:
        return self.process.wait(PATIENCE)


@pytest.fixture(params=["127.0.0.1", "::1"])
def listener(request: pytest.FixtureRequest) -> Iterator[Listener]:
    with closing(listen_on(request.param).socket) as found:
        host, port, *_ = found.getsockname()
        yield Listener(found, host, port)


def listen_on(host: str) -> Listener:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        port = probe.getsockname()[1]
    return listen(host, port, 0)


@pytest.fixture
def web(listener: Listener) -> Iterator[Web]:
    with Web(listener) as found:
        with closing(connect(listener)) as line:
            assert ask(line, "/") == b"here"  # it waits until it answers
        yield found


def connect(listener: Listener) -> http.client.HTTPConnection:
    found = http.client.HTTPConnection(listener.host, listener.port, timeout=PATIENCE)
    found.connect()
    return found


def ask(line: http.client.HTTPConnection, path: str) -> bytes:
    line.request("GET", path)
    return line.getresponse().read()


def stops_accepting(listener: Listener) -> http.client.HTTPConnection:
    """Return a connection that no process has taken."""
    while True:
        line = connect(listener)
        line.sock.settimeout(0.3)
        try:
            ask(line, "/")
        except TimeoutError:
            return line
        line.close()


def test_what_is_under_way_is_answered(listener: Listener, web: Web) -> None:
    with ExitStack() as stack:
        slow, idle = (stack.enter_context(closing(connect(listener))) for _ in "12")
        slow.request("GET", "/slow")
        web.await_line()

        web.tell_to_end()
        waiting = stack.enter_context(closing(stops_accepting(listener)))
        # Taken before the end, with nothing asked yet: its first request counts.
        assert ask(idle, "/go") == b"here"

        answer = slow.getresponse()
        assert (answer.status, answer.read()) == (200, b"here")
        assert answer.headers["connection"] == "close"
        assert web.end() == 0

        # Who came meanwhile is answered by the next one.
        stack.enter_context(Web(listener))
        waiting.sock.settimeout(PATIENCE)
        assert waiting.getresponse().read() == b"here"


def test_streams_end_as_they_should(listener: Listener, web: Web) -> None:
    with closing(connect(listener)) as line:
        line.request("GET", "/stream")
        answer = line.getresponse()
        assert answer.read1() == b"data: 1\n\n"

        web.tell_to_end()

        assert answer.read() == b""  # a stream that is cut raises IncompleteRead
    assert web.end() == 0


async def test_a_websocket_is_told_to_come_again(listener: Listener, web: Web) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(f"{listener.url}/socket") as line:
            web.tell_to_end()

            message = await line.receive(PATIENCE)

        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1012)
    assert await asyncio.to_thread(web.end) == 0


def test_a_connection_that_only_waits_holds_up_no_end(
    listener: Listener, web: Web
) -> None:
    with closing(connect(listener)) as used, closing(connect(listener)) as silent:
        assert ask(used, "/") == b"here"
        web.tell_to_end()

        assert web.end() == 0
        assert used.sock.recv(1) == b""
        assert silent.sock.recv(1) == b""


def test_a_killed_one_takes_no_waiting_connection_along(
    listener: Listener, web: Web
) -> None:
    web.process.send_signal(signal.SIGSTOP)  # from now on it takes nothing
    with closing(connect(listener)) as waiting:
        waiting.request("GET", "/")

        web.process.kill()
        web.end()
        with Web(listener):
            assert waiting.getresponse().read() == b"here"
