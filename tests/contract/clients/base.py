"""Base of all clients: building requests, and reading answers by their own rules."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from tests.contract.scene import Scene
from tests.contract.wire import Answer, Look, Sent, Told

KEY: Final = "the-own-key-of-the-client"


@dataclass(frozen=True)
class Sends:
    """A request that a client knows how to send, and its row of the table."""

    row: str
    make: Callable[[Any, Scene], Sent]


def sends(row: str) -> Callable[[Callable[[Any, Scene], Sent]], Sends]:
    return lambda make: Sends(row, make)


class Client:
    """A real program that speaks the dialect: its requests, its reading of answers."""

    letter: ClassVar[str]
    name: ClassVar[str]
    base: ClassVar[str] = "/mj"
    headers: ClassVar[Mapping[str, str]] = {"mj-api-secret": KEY}
    accepts: ClassVar[Collection[int]] = (1, 22)
    knows_failure: ClassVar[bool] = True
    looks: ClassVar[bool] = True  # else it waits for hooks

    @classmethod
    def sent(cls) -> dict[str, Sends]:
        """Return the requests that it sends, by the names of its methods."""
        found: dict[str, Sends] = {}
        for kind in reversed(cls.__mro__):
            found |= {n: v for n, v in vars(kind).items() if isinstance(v, Sends)}
        return found

    @property
    def keyless(self) -> bool:
        return KEY not in "".join(self.headers.values())

    # --- requests --------------------------------------------------------------------

    def post(self, path: str, body: Any, **makes: Any) -> Sent:
        headers = {"Content-Type": "application/json"} | dict(self.headers)
        raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        return Sent("POST", f"{self.base}/{path}", headers, raw, makes)

    def get(self, path: str, body: bytes | None = None) -> Sent:
        return Sent("GET", f"{self.base}/{path}", dict(self.headers), body)

    def look(self, task_id: str) -> Sent:
        """Return the request by which it looks at a task."""
        return self.get(f"task/{task_id}/fetch")

    # --- answers ---------------------------------------------------------------------

    def told(self, answer: Answer) -> Told:
        """Return the client's reading of the answer to a submit."""
        if not answer.ok:
            return Told.refused(answer.body.decode())
        said = answer.json()
        if said["code"] in self.accepts:
            return Told("accepted", text_in(said, "result"))
        return Told.refused(said["description"])

    def seen(self, answer: Answer) -> Look:
        """Return the client's reading of a look at a task."""
        assert answer.ok
        return self.read(answer.json())

    def read(self, task: dict[str, Any]) -> Look:
        """Return the client's reading of a task."""
        raise NotImplementedError


def text_in(said: Mapping[str, Any], name: str) -> str:
    """Return a member that the client uses as a string, unasked."""
    value = said[name]
    assert isinstance(value, str), f"{name} is {value!r}"
    return value


def optional_text(said: Mapping[str, Any], name: str) -> str:
    """Return a member that may be null or absent, but never another type."""
    value = said.get(name)
    assert value is None or isinstance(value, str), f"{name} is {value!r}"
    return value or ""


def whole_percent(progress: str | None) -> int | None:
    """Return the number before the %, as parseInt would."""
    digits = (progress or "").strip().partition("%")[0]
    return int(digits) if digits else None


def by_status(task: Mapping[str, Any], **more: Any) -> Look:
    """Return the reading of a client that goes by the status alone."""
    status = text_in(task, "status")
    return Look(
        over=status in ("SUCCESS", "FAILURE"),
        failed=status == "FAILURE",
        reason=optional_text(task, "failReason"),
        picture=optional_text(task, "imageUrl"),
        **more,
    )
