"""`python -m mjproxy.web`: takes the arguments of `daphne`."""

from __future__ import annotations

from typing import Final

from daphne.cli import CommandLineInterface

from mjproxy.web.draining import DrainingServer
from mjproxy.web.server import BoundedServer

LONGEST: Final = 1 << 16  # bytes of a WebSocket's message; ours have less than half


class Server(DrainingServer, BoundedServer):
    """Daphne's, with both."""


class Web(CommandLineInterface):
    server_class = Server

    def __init__(self) -> None:
        super().__init__()
        self.parser.set_defaults(
            websocket_max_message_size=LONGEST, websocket_max_frame_size=LONGEST
        )


if __name__ == "__main__":
    Web.entrypoint()
