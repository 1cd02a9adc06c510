"""JSON as Go decodes it into a struct: one wrong type spoils the whole answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Shape = Mapping[str, Any]
_ZERO: Final[dict[Any, Any]] = {str: "", int: 0, bool: False}


def decoded(value: Any, shape: Shape) -> dict[str, Any]:
    """Return the struct's fields. Null and absent are the zero value.

    A shape names for each field a type, a list of one shape, a shape, or `object`.
    """
    assert isinstance(value, dict), f"no object: {value!r}"
    return {name: _field(name, value.get(name), kind) for name, kind in shape.items()}


def _field(name: str, value: Any, kind: Any) -> Any:
    if kind is object:
        return value
    if value is None:
        return _zero(kind)
    if isinstance(kind, Mapping):
        return decoded(value, kind)
    if isinstance(kind, list):
        assert isinstance(value, list), f"{name} is {value!r}"
        return [_field(name, each, kind[0]) for each in value]
    assert type(value) is kind, f"{name} is {value!r}, no {kind.__name__}"
    return value


def _zero(kind: Any) -> Any:
    if isinstance(kind, list):
        return []
    return {} if isinstance(kind, Mapping) else _ZERO[kind]
