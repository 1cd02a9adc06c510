"""Read notices: messages instead of a picture (docs/protocol.md, notices)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from gateway.protocol.messages import Message
from gateway.protocol.notice_kinds import KINDS, RED, UNKNOWN_ERROR, NoticeKind

LONGEST_TEXT: Final = 3000  # characters of Midjourney's words that are kept
_PREVIEW_EMBEDS: Final = frozenset({"image", "link", "article", "video", "gifv"})
_MOMENT: Final = re.compile(r"<t:(\d{1,11})(?::[A-Za-z])?>")
_DURATION: Final = re.compile(
    r"\bfor (?:the next )?(\d{1,4}|an?|one) (minute|hour|day|week)s?\b", re.IGNORECASE
)
# Characters that some databases refuse.
_UNSTORABLE: Final = re.compile(r"[\x00\ud800-\udfff]")


@dataclass(frozen=True)
class Notice:
    kind: NoticeKind
    text: str  # "title: description", as Midjourney said it

    @property
    def reason(self) -> str:
        """The text for the task's owner."""
        return _joined(f"{self.kind.zh} / {self.kind.en}", self.text)

    def account_reason(self, until: datetime | None) -> str:
        """Return the text for the operator.

        It names the moment `until`, or without one the instruction for a person.
        """
        kind = self.kind
        zh, en = kind.todo_zh, kind.todo_en
        if until:
            moment = f"{until:%Y-%m-%d %H:%M} UTC"
            zh, en = f"{moment} 自动恢复", f"it goes on by itself at {moment}"
        said = f"{kind.zh}，{zh} / {kind.en}; {en}"
        return _joined(said, " ".join(readable(self.text).split()))

    def moment(self) -> datetime | None:
        """Return the moment that the notice names, or None."""
        if found := _MOMENT.search(self.text):
            try:
                return datetime.fromtimestamp(int(found[1]), tz=UTC)
            except (ValueError, OverflowError, OSError):
                return None
        return None

    def lasts(self) -> timedelta | None:
        """Return how long the notice holds, or None if it gives no time or no end."""
        found = _DURATION.search(self.text)
        if found is None or "permanent" in self.text.lower():
            return None
        count = int(found[1]) if found[1].isdigit() else 1
        return timedelta(**{f"{found[2].lower()}s": count})


def readable(text: str) -> str:
    """Return a text with its moments, such as `<t:1893456000:R>`, as UTC dates."""

    def date(found: re.Match[str]) -> str:
        return f"{datetime.fromtimestamp(int(found[1]), UTC):%Y-%m-%d %H:%M} UTC"

    return _MOMENT.sub(date, text)


def read(message: Message) -> Notice | None:
    """Return the notice in a message, or None. A result is never a notice."""
    if _is_result(message):
        return None
    for embed in message.embeds:
        if any(embed.get("type") == kind for kind in _PREVIEW_EMBEDS):
            continue
        title, body = _words(embed.get("title")), _words(embed.get("description"))
        kind = _by_title(title)
        if kind is None and any(embed.get("color") == red for red in RED):
            kind = UNKNOWN_ERROR
        if kind:
            return Notice(kind, _joined(title, body)[:LONGEST_TEXT])
    if message.content is None and (kind := _by_text(_words(message.text))):
        return Notice(kind, _words(message.text))
    return None


def _is_result(message: Message) -> bool:
    """Return whether the message is a finished picture.

    A running job has a preview and a button too, so its text decides.
    """
    if message.content:
        return message.is_result
    return bool(message.attachment and message.buttons)


def _by_title(title: str) -> NoticeKind | None:
    plain = _plain(title)
    return next((kind for kind in KINDS if plain.startswith(kind.titles)), None)


def _by_text(text: str) -> NoticeKind | None:
    """Return the kind for a plain text, which may begin with a title too."""
    plain = _plain(text)
    fits = (kind for kind in KINDS if plain.startswith(kind.titles + kind.texts))
    return next(fits, None)


def _joined(*parts: str) -> str:
    return ": ".join(part for part in parts if part)


def _words(value: Any) -> str:
    """Return the storable and printable part of a text; "" for other types."""
    text = value[:LONGEST_TEXT] if isinstance(value, str) else ""
    return _UNSTORABLE.sub("", text).strip()


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", text).lower().split())
