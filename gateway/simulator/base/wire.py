"""JSON as it crosses the wire."""

from typing import Any, TypeAlias

import orjson

Json: TypeAlias = dict[str, Any]


def dump(value: object) -> bytes:
    """Encode `value` compactly."""
    return orjson.dumps(value)


def load(raw: bytes | str) -> Any:
    """Decode JSON; raises ValueError on anything else."""
    return orjson.loads(raw)
