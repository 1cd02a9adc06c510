"""`python -m mjproxy.web`: takes the arguments of `daphne`."""

from __future__ import annotations

from daphne.cli import CommandLineInterface

from mjproxy.web.draining import DrainingServer
from mjproxy.web.server import BoundedServer


class Server(DrainingServer, BoundedServer):
    """Daphne's, with both."""


class Web(CommandLineInterface):
    server_class = Server


if __name__ == "__main__":
    Web.entrypoint()
