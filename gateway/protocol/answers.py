"""Classify Discord's HTTP answers to an interaction (docs/protocol.md, answers)."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STALE_FORM = 50035
UNVERIFIED = 40002
# Errors about a value, which a newer version of the command would not mend.
_VALUE_ERRORS = ("BASE_TYPE_", "NUMBER_TYPE_", "STRING_TYPE_")
# Missing access, missing permissions: not allowed in this channel.
NOT_HERE = (50001, 50013)


class Verdict(enum.Enum):
    ACCEPTED = enum.auto()
    LATER = enum.auto()  # not taken; try again after `retry_after`
    STALE = enum.auto()  # not taken; the command index is out of date
    REFUSED = enum.auto()  # not taken; trying again would not help
    TOKEN_DEAD = enum.auto()
    NEEDS_PERSON = enum.auto()
    UNVERIFIED = enum.auto()  # a person must verify the account at Discord
    UNKNOWN = enum.auto()  # perhaps taken; history must be read before it is sent again


@dataclass(frozen=True)
class Answer:
    verdict: Verdict
    reason: str = ""
    retry_after: float = 0.0  # seconds
    status: int = 0  # of the HTTP answer; 0: there was none
    is_about_channel: bool = False


def classify(status: int, body: Any, retry_after: str | None = None) -> Answer:
    """Return the meaning of an answer; `body` is parsed JSON, or text.

    A 2xx answer counts as Discord's own only if it is a 204 or has a JSON object.
    """
    data = body if isinstance(body, dict) else {}
    if status == 204 or (200 <= status < 300 and isinstance(body, dict)):
        return Answer(Verdict.ACCEPTED, status=status)
    if 200 <= status < 300:
        reason = f"the answer is not from Discord ({status})"
        return Answer(Verdict.UNKNOWN, reason, status=status)
    verdict, reason = _meaning(status, data)
    pause = _seconds(data, retry_after) if verdict is Verdict.LATER else 0.0
    here = status == 403 and data.get("code") in NOT_HERE
    return Answer(verdict, reason, pause, status, is_about_channel=here)


def _meaning(status: int, data: Mapping[str, object]) -> tuple[Verdict, str]:
    code = data.get("code")
    errors = form_errors(data.get("errors"))
    reason = _reason(status, data, errors)
    match status:
        case 429:
            return Verdict.LATER, reason
        case 401:
            return Verdict.TOKEN_DEAD, reason
        case 400 if "captcha_key" in data:
            return Verdict.UNVERIFIED, "Discord asks for a captcha"
        case 400 if code == STALE_FORM and not _is_about_values(errors):
            return Verdict.STALE, reason
        case 403 if code == UNVERIFIED:
            return Verdict.UNVERIFIED, "Discord asks to verify mail or phone"
        case 403:
            return Verdict.NEEDS_PERSON, reason
    return (Verdict.REFUSED if status < 500 else Verdict.UNKNOWN), reason


def _reason(status: int, data: Mapping[str, object], errors: list[FormError]) -> str:
    reason = f"Discord {status}: {data.get('message') or ''}".strip(": ")[:200]
    if isinstance(code := data.get("code"), int) and code:
        reason += f" ({code})"
    details = "; ".join(f"{error.place}: {error.message}" for error in errors[:3])
    return f"{reason}: {details}"[:400] if details else reason


@dataclass(frozen=True)
class FormError:
    """One error in a body that Discord refused: its place, code and message."""

    place: str
    code: str
    message: str


def form_errors(node: Any, place: str = "", depth: int = 12) -> list[FormError]:
    """Return the errors in the tree `errors` of a refused body."""
    if not isinstance(node, dict) or depth < 0:
        return []
    found = []
    for key, inner in node.items():
        if key != "_errors":
            found += form_errors(inner, f"{place}.{key}".strip("."), depth - 1)
        elif isinstance(inner, list):
            found += [
                FormError(place, str(e.get("code")), str(e.get("message"))[:100])
                for e in inner
                if isinstance(e, dict)
            ]
    return found


def _is_about_values(errors: list[FormError]) -> bool:
    return bool(errors) and all(e.code.startswith(_VALUE_ERRORS) for e in errors)


def _seconds(data: Mapping[str, object], header: str | None) -> float:
    for value in (data.get("retry_after"), header):
        try:
            seconds = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            continue
        except OverflowError:
            return 3600.0
        if not math.isnan(seconds):
            return min(max(seconds, 0.05), 3600.0)
    # Without a number it is Cloudflare, which blocks an address for minutes.
    return 300.0
