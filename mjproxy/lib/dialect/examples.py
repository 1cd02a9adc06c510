"""Examples of request and response bodies, for the schema."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import OpenApiExample

from mjproxy.lib.dialect.answers import Operation, operation_result

_TICKS: Final = "639282096000000000"


def sent(
    value: Any, name: str = "request", media_type: str = "application/json"
) -> OpenApiExample:
    """Return an example of a request body."""
    return OpenApiExample(name, value=value, request_only=True, media_type=media_type)


def answered(name: str, value: Any, status: int = 200) -> OpenApiExample:
    """Return an example of a response body."""
    return OpenApiExample(
        name, value=value, response_only=True, status_codes=[str(status)]
    )


def operated(data: Any = None) -> Operation:
    """Return the envelope of a success, with a constant time."""
    return {**operation_result(data=data), "timestamp": _TICKS}
