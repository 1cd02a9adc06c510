"""Hooks of the OpenAPI schema generator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

_ANY_METHOD: Final = ("get", "put", "post", "delete")
# A part of the OpenAPI document, which the library has made.
Part = dict[str, Any]
Endpoint = tuple[str, str, str, Callable[..., Any]]


def plain_prefix_only(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Leave out the speed prefixes: each repeats every address of /mj."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/mj/")]


# Answers that may come at any address, before its view runs.
_COMMON: Final = {
    "401": "No right key, a user who is shut out, or an operator's address.",
    "403": "The key is not good for this address, or lacks the scope of this call.",
    "429": "Too many wrong keys from this address: come again later.",
    "503": "The database does not answer, or too many wait for a host outside.",
}
_WITH_A_BODY: Final = {"413": "The body is larger than the server takes."}


def plain_null(result: Part, **kwargs: Any) -> Part:
    """Write null as a type of its own, in the one form that generators understand.

    An enum of null alone is an empty enum in many languages. In some an object that may
    be null loses its null, if its type is a list.
    """
    result["components"]["schemas"].pop("NullEnum", None)
    plain: Part = _with_plain_null(result)
    return plain


def _with_plain_null(part: Any) -> Any:
    if isinstance(part, list):
        return [_with_plain_null(inner) for inner in part]
    if not isinstance(part, dict):
        return part
    if part == {"$ref": "#/components/schemas/NullEnum"}:
        return {"type": "null"}
    if part.get("type") == ["object", "null"]:
        shown = {name: part[name] for name in ("description",) if name in part}
        kind = {n: inner for n, inner in part.items() if n != "description"}
        return shown | {"oneOf": [kind | {"type": "object"}, {"type": "null"}]}
    return {name: _with_plain_null(inner) for name, inner in part.items()}


def named_hooks(result: Part, **kwargs: Any) -> Part:
    """Give each call of a hook an operationId, which names it in generated servers."""
    for operation in _operations(result):
        for name, addresses in operation.get("callbacks", {}).items():
            for calls in addresses.values():
                for call in calls.values():
                    call["operationId"] = f"{operation['operationId']}_{name}"
    return result


def _operations(result: Part) -> list[Part]:
    return [
        operations[method]
        for operations in result["paths"].values()
        for method in _ANY_METHOD
        if method in operations
    ]


def common_answers(result: Part, **kwargs: Any) -> Part:
    """Add to every operation the answers that all of them may give."""
    for operation in _operations(result):
        texts = _COMMON | (_WITH_A_BODY if "requestBody" in operation else {})
        for status, text in texts.items():
            operation["responses"].setdefault(status, _failure(text))
    return result


def _failure(text: str) -> Part:
    envelope = {"$ref": "#/components/schemas/Operation"}
    return {
        "description": text,
        "content": {"application/json": {"schema": envelope}},
    }


class KeyOrSessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Shows the forms of the key in the schema."""

    target_class = "mjproxy.web.authentication.KeyOrSession"
    name = ["secretHeader", "bearer", "rawAuthorization"]

    def get_security_requirement(
        self, auto_schema: AutoSchema
    ) -> list[dict[str, list[Any]]]:
        return [{name: []} for name in self.name]  # one of them is enough

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, str]]:
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
