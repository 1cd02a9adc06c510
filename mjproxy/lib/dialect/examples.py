"""Examples of request and response bodies, for the schema."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample


def sent(value: Any, name: str = "request") -> OpenApiExample:
    """Return an example of a request body."""
    return OpenApiExample(name, value=value, request_only=True)


def answered(name: str, value: Any, status: int = 200) -> OpenApiExample:
    """Return an example of a response body."""
    return OpenApiExample(
        name, value=value, response_only=True, status_codes=[str(status)]
    )
