"""`python -m mjproxy.server`: takes the arguments of `daphne`."""

from __future__ import annotations

from daphne.cli import CommandLineInterface

from mjproxy.server.draining import DrainingServer
from mjproxy.server.http_server import BoundedServer


class Server(DrainingServer, BoundedServer):
    """Daphne's server with limits and draining."""


class Web(CommandLineInterface):
    server_class = Server


if __name__ == "__main__":
    Web.entrypoint()
