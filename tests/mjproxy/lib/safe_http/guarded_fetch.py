"""Fetching through the guard, from names and servers that a test makes up."""

from __future__ import annotations

import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from mjproxy.lib.process import event_loop
from mjproxy.lib.safe_http import client
from mjproxy.lib.safe_http.file_kinds import is_picture

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


class Answers(AbstractResolver):
    """Resolves a name to the given addresses, one answer after the other."""

    def __init__(self, *addresses: str) -> None:
        self.left, self.asked = list(addresses), 0

    async def resolve(
        self, host: str, port: int = 0, family: Any = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in self.left.pop(0).split()
        ]

    async def close(self) -> None:
        pass


@dataclass(frozen=True)
class Fetched:
    url: str
    body: bytes


def get(url: str, **kwargs: Any) -> Fetched:
    values: dict[str, Any] = {"max_bytes": 1000, "wanted": is_picture}
    with tempfile.TemporaryDirectory() as folder:
        into = Path(folder, "found")
        found = event_loop.run(client.get(url, into, **(values | kwargs)))
        return Fetched(found, into.read_bytes())
