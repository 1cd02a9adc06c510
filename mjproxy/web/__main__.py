"""`python -m mjproxy.web`: takes the arguments of `daphne`."""

from __future__ import annotations

from daphne.cli import CommandLineInterface

from mjproxy.web.draining import DrainingServer


class Web(CommandLineInterface):
    server_class = DrainingServer


if __name__ == "__main__":
    Web.entrypoint()
