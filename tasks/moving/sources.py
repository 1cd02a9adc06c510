"""SOURCES: how each kind of server is asked, and how its pages are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tasks.enums import MoveSource
from tasks.moving.fetching import BadSource, Call
from tasks.moving.report import said

PAGE_SIZE: Final = 100
MOST_PAGES: Final = 20_000  # of a part: two million rows

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Page:
    """The rows of a page; `is_last` if none follows."""

    rows: list[Any] = field(default_factory=list)
    is_last: bool = True


@dataclass(frozen=True)
class Part:
    """One kind of rows at a source.

    `call` makes the request for a page, counted from 0. Without it the rows are those
    that the operator has given. `read` takes the answer apart; it raises BadSource.
    """

    name: str
    read: Callable[[Any, int], Page]
    call: Callable[[int], Call] | None = None
    is_optional: bool = False  # later versions of the source do not have it


def _paged(path: str) -> Callable[[int], Call]:
    return lambda number: Call(path, {"pageSize": PAGE_SIZE, "pageNumber": number})


def _content(answer: Any, number: int) -> Page:
    """Read `{content: [...], last: bool}`."""
    if not isinstance(answer, dict) or not isinstance(answer.get("content"), list):
        raise BadSource(_unknown(answer))
    rows = answer["content"]
    return Page(rows, not rows or answer.get("last") is not False)


def _table(path: str) -> Callable[[int], Call]:
    def call(number: int) -> Call:
        pagination = {"current": number + 1, "pageSize": PAGE_SIZE}
        return Call(path, {"pagination": pagination, "sort": {}, "search": {}})

    return call


def _listed(answer: Any, number: int) -> Page:
    """Read `{list: [...], pagination: {pageCount: n, ...}}`."""
    if not isinstance(answer, dict) or not isinstance(answer.get("list"), list):
        raise BadSource(_unknown(answer))
    rows, pagination = answer["list"], answer.get("pagination")
    count = pagination.get("pageCount") if isinstance(pagination, dict) else None
    if isinstance(count, int):
        return Page(rows, not rows or number + 1 >= count)
    return Page(rows, len(rows) < PAGE_SIZE)


def _members(answer: Any, number: int) -> Page:
    """Read the settings, `{success, data: {...}}`, as a row for each member."""
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, dict):
        raise BadSource(_unknown(answer))
    return Page([{"name": name, "value": value} for name, value in data.items()])


def _bare(answer: Any, number: int) -> Page:
    """Read a list that is all there is."""
    if not isinstance(answer, list):
        raise BadSource(_unknown(answer))
    return Page(answer)


def _unknown(answer: Any) -> str:
    """Return that an answer is of no known form, with the words of a refusal."""
    text = "the answer has an unknown form"
    if isinstance(answer, dict):
        for name in ("message", "description"):
            if isinstance(words := answer.get(name), str) and words:
                return f"{text}: {said(words)}"
    return text


SOURCES: Final[Mapping[MoveSource, tuple[Part, ...]]] = {
    MoveSource.PLUS: (
        Part("accounts", _content, _paged("/mj/account/query")),
        Part("tasks", _content, _paged("/mj/task-admin/query")),
    ),
    MoveSource.CSHARP: (
        Part("subjects", _listed, _table("/mj/admin/domain-tags"), is_optional=True),
        Part("words", _listed, _table("/mj/admin/banned-words"), is_optional=True),
        Part("users", _listed, _table("/mj/admin/users")),
        Part("settings", _members, lambda _: Call("/mj/admin/setting")),
        Part("accounts", _listed, _table("/mj/admin/accounts")),
        Part("tasks", _listed, _table("/mj/admin/tasks")),
    ),
    MoveSource.JAVA: (
        Part("accounts", _bare),
        Part("tasks", _bare, lambda _: Call("/mj/task/list")),
    ),
}
