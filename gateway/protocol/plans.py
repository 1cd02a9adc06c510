"""Read the answer to /info (docs/protocol.md, account state)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from gateway.protocol.messages import Message

TITLE: Final = "your info"
MOST_LINES: Final = 40
LONGEST_VALUE: Final = 500
_MOMENT: Final = re.compile(r"<t:(\d{1,11})(?::[A-Za-z])?>")
_HOURS: Final = re.compile(
    r"(\d{1,7}(?:\.\d{1,6})?)\s*(?:/\s*[\d.]{1,12}\s*)?(hour|minute)", re.IGNORECASE
)
_ENDED: Final = re.compile(r"\b(expired|inactive|paused|past due)\b", re.IGNORECASE)
_ENDING: Final = re.compile(r"\b(cancel+ed|ends on|ended)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Plan:
    """The answer to /info as names and values; unknown wording is ignored."""

    properties: dict[str, str]

    @property
    def subscription(self) -> str:
        return self.properties.get("Subscription", "")

    @property
    def name(self) -> str:
        return self.subscription.partition("(")[0].strip()[:40]

    @property
    def until(self) -> datetime | None:
        """The moment at which the plan renews or ends, or None."""
        found = _MOMENT.search(self.subscription)
        try:
            return datetime.fromtimestamp(int(found[1]), tz=UTC) if found else None
        except (ValueError, OverflowError, OSError):
            return None

    @property
    def job_mode(self) -> str:
        return self.properties.get("Job Mode", "")[:20]

    @property
    def fast_hours(self) -> float | None:
        """The hours of fast time that are left, or None if the answer lacks them."""
        found = _HOURS.match(self.properties.get("Fast Time Remaining", "").strip())
        if found is None:
            return None
        hours = float(found[1])
        return hours / 60 if found[2].lower() == "minute" else hours

    def has_ended(self, now: datetime) -> bool:
        """Return True only if the answer clearly says that there is no plan."""
        said = self.subscription
        if not said:
            return False
        if self.name.lower() == "none" or _ENDED.search(said):
            return True
        over = self.until is not None and self.until <= now
        return over and bool(_ENDING.search(said))


def read(message: Message) -> Plan | None:
    """Return the plan in an answer to /info, or None for any other message."""
    for embed in message.embeds:
        title, text = embed.get("title"), embed.get("description")
        if isinstance(title, str) and TITLE in title.lower() and isinstance(text, str):
            return Plan(_lines(text))
    return None


def _lines(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    last = ""
    for line in text.replace("\x00", "").splitlines():
        name, colon, value = line.replace("**", "").partition(":")
        if colon and line.lstrip().startswith("**"):
            last = name.strip()[:80]
            if len(found) < MOST_LINES:
                found[last] = value.strip()[:LONGEST_VALUE]
        elif last in found and line.strip():  # further lines of a list
            found[last] = f"{found[last]} {line.strip()}".strip()[:LONGEST_VALUE]
    return found
