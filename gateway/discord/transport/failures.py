"""Classify requests that were not answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from curl_cffi.requests.exceptions import (
    ConnectionError as CurlConnectionError,
)
from curl_cffi.requests.exceptions import (
    DNSError,
    ProxyError,
    RequestException,
)

from gateway.discord.transport.curl_session import LEFT
from gateway.protocol.answers import Answer, Verdict

# curl: could not resolve host or proxy, could not connect. Nothing was sent.
_NOT_SENT_CODES: Final = frozenset({5, 6, 7, 35, 60})


def failed(error: RequestException) -> Answer:
    """Return LATER for a request that was never sent, else UNKNOWN.

    A time-out before the connection was ready counts as never sent.
    """
    code = int(getattr(error, "code", 0) or 0)
    refused = isinstance(error, DNSError | ProxyError) or (
        isinstance(error, CurlConnectionError) and code in _NOT_SENT_CODES
    )
    name = type(error).__name__
    infos: Mapping[Any, object] = getattr(getattr(error, "response", None), "infos", {})
    refused |= infos.get(LEFT) is False
    if refused or code in _NOT_SENT_CODES:
        return Answer(Verdict.LATER, f"Discord cannot be reached ({name})")
    return Answer(Verdict.UNKNOWN, f"no answer from Discord ({name})")
