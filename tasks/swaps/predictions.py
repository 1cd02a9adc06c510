"""Predictions: the provider's words for its work, read from JSON that may be wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.utils.dateparse import parse_datetime

LONGEST_WORDS: Final = 300  # characters of the provider's words in a reason
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
_PERCENT: Final = re.compile(r"(\d{1,3})\s?%")
_TAIL: Final = 4000  # characters of the log in which progress is looked for
_NSFW: Final = re.compile(
    r"nsfw|safety|sensitive content|content policy|inappropriate|nudity|flagged",
    re.IGNORECASE,
)
_NO_FACE: Final = re.compile(
    r"(?:no|zero|0|not (?:detect|find)\w*)(?: any| a)? faces?\b"
    r"|faces? (?:was |were |is )?not (?:detected|found)",
    re.IGNORECASE,
)
_STOPPED: Final = frozenset({"canceled", "cancelled", "aborted"})


@dataclass(frozen=True)
class Prediction:
    """One run of a model, as the provider shows it."""

    id: str
    status: str = ""
    output: str = ""
    error: str = ""
    progress: int | None = None
    inputs: frozenset[str] = field(default_factory=frozenset)
    created_at: datetime | None = None

    @property
    def is_succeeded(self) -> bool:
        return self.status in ("succeeded", "successful")

    @property
    def is_failed(self) -> bool:
        return self.status == "failed"

    @property
    def is_stopped(self) -> bool:
        return self.status in _STOPPED


def read(found: Any) -> Prediction | None:
    """Return the prediction in a JSON value, or None if it is none."""
    if not isinstance(found, Mapping):
        return None
    pk = found.get("id")
    if not isinstance(pk, str) or not _ID.fullmatch(pk):
        return None
    given = found.get("input")
    inputs = given.values() if isinstance(given, Mapping) else ()
    return Prediction(
        id=pk,
        status=_text(found.get("status")).lower(),
        output=_output(found.get("output")),
        error=_text(found.get("error")).strip(),
        progress=_progress(_text(found.get("logs"))),
        inputs=frozenset(value for value in inputs if isinstance(value, str)),
        created_at=_moment(_text(found.get("created_at"))),
    )


def read_list(found: Any) -> tuple[list[Prediction], str]:
    """Return the predictions of a page, and the address of the next page or ""."""
    if not isinstance(found, Mapping) or not isinstance(found.get("results"), list):
        raise ValueError("no list of predictions")
    read_ones = (read(each) for each in found["results"])
    return [each for each in read_ones if each], _text(found.get("next"))


def reason_of(error: str) -> str:
    """Return why a swap failed, in words for its owner."""
    said = words(error)
    if _NSFW.search(error):
        return (
            "服务商拒绝：内容可能涉及敏感信息 (NSFW) / the face swap service refused "
            f"it as not safe for work: {said}"
        )
    if _NO_FACE.search(error):
        return f"未检测到人脸 / no face was found: {said}"
    return f"执行失败 / the face swap failed: {said or 'no reason was given'}"


def words(text: str) -> str:
    """Return a provider's words on one line, cut to a length."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[
        :LONGEST_WORDS
    ]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _output(value: Any) -> str:
    """Return the address of the result: the last one, if there are several."""
    return next(_addresses(value), "")


def _addresses(value: Any) -> Iterator[str]:
    found = reversed(value) if isinstance(value, list) else [value]
    for each in found:
        if isinstance(each, str) and each.strip():
            yield each.strip()


def _moment(text: str) -> datetime | None:
    try:
        found = parse_datetime(text[:40])
    except ValueError:
        return None
    return found if found and found.tzinfo else None


def _progress(logs: str) -> int | None:
    """Return the last percentage of a log."""
    found = _PERCENT.findall(logs[-_TAIL:])
    return min(int(found[-1]), 99) if found else None
