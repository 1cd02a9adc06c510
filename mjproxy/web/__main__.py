"""`python -m mjproxy.web`: takes the arguments of `daphne`."""

from __future__ import annotations

from daphne.cli import CommandLineInterface

from mjproxy.web.server import BoundedServer


class Web(CommandLineInterface):
    server_class = BoundedServer


if __name__ == "__main__":
    Web.entrypoint()
