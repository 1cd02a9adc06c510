"""Serializer fields and forms of the `/mj` dialect."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


class DialectSerializer(serializers.Serializer[Any]):
    """Form whose member names match in any case; null and missing mean the same."""

    @property
    def fields(self) -> Any:
        """The fields, which all forms of a class share: copies would cost more.

        So a form has no context, and its fields keep nothing of a request.
        """
        return _fields_of(type(self))

    def to_internal_value(self, data: Any) -> dict[str, object]:
        if isinstance(data, Mapping):
            names = _names_of(type(self))
            data = {
                names[key.lower()]: value
                for key, value in data.items()
                if value is not None and key.lower() in names
            }
        read: dict[str, object] = super().to_internal_value(data)
        return read


@cache
def _fields_of(form: type[DialectSerializer]) -> Any:
    made: Any = serializers.Serializer.fields
    return made.func(form())


@cache
def _names_of(form: type[DialectSerializer]) -> Mapping[str, str]:
    """Return the names of the fields by their small letters."""
    return {str(name).lower(): str(name) for name in _fields_of(form)}


class Text(serializers.CharField):
    """JSON string, taken unchanged. A number is an error, as in the original API."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("default", "")
        super().__init__(
            required=False, allow_blank=True, trim_whitespace=False, **kwargs
        )

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Items(serializers.ListField):
    """List of at most `max_length` items; they are counted before any is read."""

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, **kwargs)

    def to_internal_value(self, data: Any) -> list[Any]:
        if not isinstance(data, list):
            self.fail("not_a_list", input_type=type(data).__name__)
        if len(data) > cast(int, self.max_length):
            self.fail("max_length", max_length=self.max_length)
        return super().to_internal_value(data)


class Whole(serializers.IntegerField):
    """Whole number that every database can hold."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs = {"min_value": -(2**31), "max_value": 2**31 - 1} | kwargs
        super().__init__(required=False, **kwargs)


class Number(serializers.FloatField):
    """Finite number, or its digits as a string."""

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool):
            self.fail("invalid")
        value = super().to_internal_value(data)
        if not math.isfinite(value):
            self.fail("invalid")
        return value


@extend_schema_field({"type": "string"})
class Word(serializers.Field[Any, Any, Any, Any]):
    """One of a list of words in any case, or its number in the dialect."""

    default_error_messages = {"invalid_choice": "“{input}” is not a valid choice."}

    def __init__(self, *words: str, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self.words = words

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, str) and data.upper() in self.words:
            return data.upper()
        if type(data) is int and 0 <= data < len(self.words):
            return self.words[data]
        return self.fail("invalid_choice", input=str(data)[:40])

    def to_representation(self, value: Any) -> Any:
        return value


class WordOrNone(Word):
    """One of a list of words; an empty text means none."""

    def to_internal_value(self, data: Any) -> str:
        return "" if data == "" else super().to_internal_value(data)
