"""The same application under a server that has little patience."""

from __future__ import annotations

from typing import Any

from mjproxy.server import connection, connection_limit
from tests.mjproxy.server.web_app import application as application

_channel: Any = connection
_places: Any = connection_limit
_places.MOST_BYTES = 40_000_000
_channel.HEADERS_WITHIN = 1.0
_channel.BODY_WITHIN = 2.0
_channel.SLOWEST = 1_000_000
_channel.STALLED = 1.0
_channel.LINGER = 1.0
