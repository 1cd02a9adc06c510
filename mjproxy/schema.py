"""What the OpenAPI schema shows, and what not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

Endpoint = tuple[str, str, str, Callable[..., Any]]


def plain_prefix_only(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Leave out the speed prefixes: each repeats every address of /mj."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/mj/")]


_ANY_METHOD: Final = ("get", "put", "post", "delete")
# What may be answered anywhere, before a view has its say.
_COMMON: Final = {
    "401": "No right key, a user who is shut out, or an operator's address.",
    "503": "The database does not answer.",
}
_WITH_A_BODY: Final = {"413": "The body is larger than the server takes."}


def common_answers(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Add to every operation the answers that all of them may give."""
    for operations in result["paths"].values():
        for method in _ANY_METHOD:
            if operation := operations.get(method):
                texts = _COMMON | (_WITH_A_BODY if "requestBody" in operation else {})
                for status, text in texts.items():
                    operation["responses"].setdefault(status, _failure(text))
    return result


def _failure(text: str) -> dict[str, Any]:
    envelope = {"$ref": "#/components/schemas/Operation"}
    return {
        "description": text,
        "content": {"application/json": {"schema": envelope}},
    }


class KeyOrSessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Shows the forms of the key in the schema."""

    target_class = "mjproxy.authentication.KeyOrSession"
    name = ["secretHeader", "bearer", "rawAuthorization"]

    def get_security_requirement(
        self, auto_schema: AutoSchema
    ) -> list[dict[str, list[Any]]]:
        return [{name: []} for name in self.name]  # one of them is enough

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
