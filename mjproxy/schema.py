"""What the OpenAPI schema shows, and what not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

Endpoint = tuple[str, str, str, Callable[..., Any]]


def plain_prefix_only(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Leave out the speed prefixes: each repeats every address of /mj."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/mj/")]


class KeyOrSessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Shows the forms of the key in the schema."""

    target_class = "mjproxy.authentication.KeyOrSession"
    name = ["secretHeader", "bearer", "rawAuthorization"]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, Any]]:
        return [
            {"type": "apiKey", "in": "header", "name": "mj-api-secret"},
            {"type": "http", "scheme": "bearer"},
            {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": "The key itself, without the word Bearer.",
            },
        ]
