"""Messages of a socket, as the library's client gets them from our reader."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from curl_cffi import CurlError
from curl_cffi.const import CurlWsFlag
from curl_cffi.requests.websockets import WebSocketClosed

from gateway.discord.transport import frames
from gateway.discord.transport.curl_session import Session
from gateway.discord.transport.frames import Messages

PATIENCE = 20  # seconds
Says = Callable[[web.WebSocketResponse], Awaitable[None]]


class Server:
    """Accepts sockets and does `says` with each; notes what clients have sent."""

    def __init__(self) -> None:
        self.says: Says
        self.url = ""
        self.heard: asyncio.Queue[Any] = asyncio.Queue()

    async def accept(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        await self.says(socket)
        async for message in socket:
            self.heard.put_nowait(message.data)
        self.heard.put_nowait(socket.close_code)
        return socket


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    found, app = Server(), web.Application()
    app.router.add_get("/", found.accept)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"ws://127.0.0.1:{runner.addresses[0][1]}/"
    yield found
    await runner.cleanup()


@pytest.fixture
async def session() -> AsyncIterator[Session]:
    found = Session()
    yield found
    await found.close()


async def open_socket(
    server: Server, session: Session, says: Says, *, silence: float = 60, **how: Any
) -> Messages:
    server.says = says
    socket = await session.ws_connect(server.url, drain_on_error=True, **how)
    return Messages(socket, silence=silence)


async def received(socket: Messages, count: int) -> list[bytes]:
    async with asyncio.timeout(PATIENCE):
        return [(await socket.recv())[0] for _ in range(count)]


async def nothing(socket: web.WebSocketResponse) -> None:
    """Say nothing."""


async def test_messages_come_in_order_whatever_their_size(
    server: Server, session: Session
) -> None:
    sizes = [1, 125, 126, 8191, 8192, 8193, 70_000, 1_000_000, 2]
    sent = [bytes([number]) * size for number, size in enumerate(sizes)]

    async def says(socket: web.WebSocketResponse) -> None:
        for message in sent:
            await socket.send_bytes(message)

    socket = await open_socket(server, session, says)

    assert await received(socket, len(sent)) == sent
    await socket.close(1000)


async def test_more_messages_than_are_taken_at_once(
    server: Server, session: Session
) -> None:
    """None stays inside curl, where no readable file tells of it."""
    sent = [str(number).encode() for number in range(5 * frames.AT_ONCE)]

    async def says(socket: web.WebSocketResponse) -> None:
        for message in sent:
            await socket.send_bytes(message)

    socket = await open_socket(server, session, says)

    assert await received(socket, len(sent)) == sent
    await socket.close(1000)


async def test_parts_of_a_message_are_put_together(
    server: Server, session: Session
) -> None:
    async def says(socket: web.WebSocketResponse) -> None:
        writer: Any = socket._writer
        await writer.send_frame(b"be", WSMsgType.BINARY)
        for first, part in ((0x02, b"gin"), (0x00, b"-mid"), (0x80, b"-end")):
            writer.transport.write(bytes([first, len(part)]) + part)

    socket = await open_socket(server, session, says)

    assert await received(socket, 2) == [b"be", b"gin-mid-end"]
    await socket.close(1000)


async def test_a_close_frame_comes_after_what_was_said_before(
    server: Server, session: Session
) -> None:
    async def says(socket: web.WebSocketResponse) -> None:
        await socket.send_bytes(b"last words")
        await socket.close(code=4004, message=b"who are you")

    socket = await open_socket(server, session, says)

    assert await received(socket, 1) == [b"last words"]
    async with asyncio.timeout(PATIENCE):
        _, flags = await socket.recv()
    assert flags & CurlWsFlag.CLOSE
    assert (socket.close_code, socket.close_reason) == (4004, "who are you")
    with pytest.raises(CurlError):
        await received(socket, 1)


async def test_a_connection_that_breaks_ends_with_an_error(
    server: Server, session: Session
) -> None:
    async def says(socket: web.WebSocketResponse) -> None:
        await socket.send_bytes(b"last words")
        writer: Any = socket._writer
        writer.transport.abort()

    socket = await open_socket(server, session, says)

    assert await received(socket, 1) == [b"last words"]
    with pytest.raises(CurlError):
        await received(socket, 1)
    await socket.close(4000)
    assert socket.closed


async def test_a_message_that_is_too_large_ends_the_socket(
    server: Server, session: Session
) -> None:
    async def says(socket: web.WebSocketResponse) -> None:
        await socket.send_bytes(b"x" * 20_000)

    socket = await open_socket(server, session, says, max_message_size=10_000)

    with pytest.raises(CurlError, match="too large"):
        await received(socket, 1)


async def test_silence_is_an_error(server: Server, session: Session) -> None:
    socket = await open_socket(server, session, nothing, silence=0.05)

    with pytest.raises(TimeoutError):
        await socket.recv()

    await socket.close(4000)


async def test_who_waits_learns_that_the_socket_was_closed(
    server: Server, session: Session
) -> None:
    socket = await open_socket(server, session, nothing)
    waiting = asyncio.create_task(socket.recv())
    await socket.send(b"hello")
    assert await asyncio.wait_for(server.heard.get(), PATIENCE) == b"hello"

    await socket.close(4000, b"bye")

    with pytest.raises(WebSocketClosed):
        await asyncio.wait_for(waiting, PATIENCE)
    assert await asyncio.wait_for(server.heard.get(), PATIENCE) == 4000


async def test_a_socket_that_is_closed_before_it_was_read(
    server: Server, session: Session
) -> None:
    socket = await open_socket(server, session, nothing)

    await socket.close(4000)

    with pytest.raises(WebSocketClosed):
        await socket.recv()
