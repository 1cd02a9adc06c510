"""A small ASGI application for the tests of the web server."""

from __future__ import annotations

from typing import Any, Final

BIG: Final = 60_000_000
PIECE: Final = bytes(1 << 18)


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await _talk(receive, send)
        return
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    match scope["path"]:
        case "/big":
            await _begin(send, BIG)
            for start in range(0, BIG, len(PIECE)):
                await _more(send, PIECE[: BIG - start], more=True)
            await _more(send, b"", more=False)
        case "/whole":
            await _begin(send, BIG)
            await _more(send, bytes(BIG), more=False)
        case _:
            text = str(size).encode()
            await _begin(send, len(text))
            await _more(send, text, more=False)


async def _begin(send: Any, size: int) -> None:
    headers = [(b"content-length", str(size).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def _more(send: Any, body: bytes, *, more: bool) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def _talk(receive: Any, send: Any) -> None:
    """Send as much as a reader takes."""
    await receive()
    await send({"type": "websocket.accept"})
    for _ in range(BIG // len(PIECE)):
        await send({"type": "websocket.send", "bytes": PIECE})
    await send({"type": "websocket.close"})
