"""What Discord's HTTP answer to an interaction means (docs/protocol.md, answers)."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import Any

STALE_FORM = 50035
UNVERIFIED = 40002
# Missing access, missing permissions: the user may not do so in this very channel.
NOT_HERE = frozenset({50001, 50013})


class Verdict(enum.Enum):
    ACCEPTED = enum.auto()
    LATER = enum.auto()  # certainly not taken; try again after `retry_after`
    STALE = enum.auto()  # certainly not taken; the command index is out of date
    REFUSED = enum.auto()  # certainly not taken; trying again would not help
    TOKEN_DEAD = enum.auto()
    NEEDS_PERSON = enum.auto()
    UNVERIFIED = enum.auto()  # a person must verify the account at Discord
    UNKNOWN = enum.auto()  # perhaps taken: never sent again without looking


@dataclass(frozen=True)
class Answer:
    verdict: Verdict
    reason: str = ""
    retry_after: float = 0.0  # seconds
    is_about_channel: bool = False


def classify(status: int, body: Any, retry_after: str | None = None) -> Answer:
    """Return the meaning of an answer; `body` is parsed JSON, or text."""
    data = body if isinstance(body, dict) else {}
    code = data.get("code")
    reason = f"Discord {status}: {data.get('message') or ''}".strip(": ")[:300]
    if isinstance(code, int) and code:
        reason += f" ({code})"
    if 200 <= status < 300:
        return Answer(Verdict.ACCEPTED)
    if status == 429:
        return Answer(Verdict.LATER, reason, _seconds(data, retry_after))
    if status == 401:
        return Answer(Verdict.TOKEN_DEAD, reason)
    if status == 400 and "captcha_key" in data:
        return Answer(Verdict.UNVERIFIED, "Discord asks for a captcha")
    if status == 400 and code == STALE_FORM:
        return Answer(Verdict.STALE, reason)
    if status == 403 and code == UNVERIFIED:
        return Answer(Verdict.UNVERIFIED, "Discord asks to verify mail or phone")
    if status == 403:
        here = code in NOT_HERE
        return Answer(Verdict.NEEDS_PERSON, reason, is_about_channel=here)
    if status < 500:
        return Answer(Verdict.REFUSED, reason)
    return Answer(Verdict.UNKNOWN, reason)


def _seconds(data: dict[str, Any], header: str | None) -> float:
    for value in (data.get("retry_after"), header):
        try:
            seconds = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            continue
        except OverflowError:
            return 3600.0
        if not math.isnan(seconds):
            return min(max(seconds, 0.05), 3600.0)
    # No number: Cloudflare has blocked the address for minutes.
    return 300.0
