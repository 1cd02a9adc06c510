"""Encode and decode JSON as it crosses the wire."""

from typing import Any, TypeAlias

import orjson

Json: TypeAlias = dict[str, Any]


def dump(value: object) -> bytes:
    """Encode `value` as compact JSON."""
    return orjson.dumps(value)


def load(raw: bytes | str) -> Any:
    """Decode JSON; raises ValueError if `raw` is not JSON."""
    return orjson.loads(raw)
