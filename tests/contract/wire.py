"""Requests and answers between a client and the product."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Sent:
    """An exact request, and the expected fields of its task."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None = None
    makes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Told:
    """A client's reading of the answer to a submit."""

    how: str  # accepted, window, refused
    task_id: str = ""
    text: str = ""  # the reason, or the text that a window offers

    @classmethod
    def refused(cls, text: Any) -> Told:
        assert isinstance(text, str)
        return cls("refused", text=text)


@dataclass(frozen=True)
class Look:
    """A client's reading of a task."""

    over: bool = False
    failed: bool = False
    reason: str = ""
    picture: str = ""
    percent: int | None = None
    opens_window: bool = False
