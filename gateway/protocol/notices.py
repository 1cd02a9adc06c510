"""Midjourney's notices: what comes instead of a picture (docs/protocol.md, notices)."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Final

from gateway.protocol.messages import Message

_RED: Final = frozenset({16711680, 15548997})
_PREVIEW_EMBEDS: Final = frozenset({"image", "link", "article", "video", "gifv"})


class Effect(enum.Enum):
    """What a notice means for the task and for the account."""

    FAIL = enum.auto()  # the task ends
    WAIT = enum.auto()  # the task goes on, later
    REQUEUE = enum.auto()  # nothing was started: the task waits for its turn again
    PAUSE = enum.auto()  # the task ends, the account rests until a person has acted


@dataclass(frozen=True)
class NoticeKind:
    name: str
    effect: Effect
    titles: tuple[str, ...]


# Titles are compared in lower case, without punctuation, by their beginning; the first
# row that fits wins.
KINDS: Final = (
    NoticeKind("queued", Effect.WAIT, ("job queued",)),
    NoticeKind("queue_full", Effect.REQUEUE, ("queue full",)),
    NoticeKind(
        "invalid_parameter", Effect.FAIL, ("invalid parameter", "invalid value")
    ),
    NoticeKind(
        "invalid_prompt",
        Effect.FAIL,
        (
            "invalid prompt",
            "invalid request",
            "empty prompt",
            "prompt too long",
            "duplicate images",
        ),
    ),
    NoticeKind(
        "invalid_link", Effect.FAIL, ("invalid link", "could not validate this link")
    ),
    NoticeKind("banned_prompt", Effect.FAIL, ("banned prompt", "banned image prompt")),
    NoticeKind("soft_banned", Effect.FAIL, ("action needed to continue",)),
    NoticeKind("appeal", Effect.WAIT, ("appeal accepted", "appeal rejected")),
    NoticeKind("moderated", Effect.FAIL, ("image denied", "request cancelled due to")),
    NoticeKind("duplicate_action", Effect.FAIL, ("slow down",)),
    NoticeKind("restricted", Effect.FAIL, ("job action restricted",)),
    NoticeKind("fast_exhausted", Effect.FAIL, ("credits exhausted",)),
    NoticeKind(
        "no_subscription",
        Effect.PAUSE,
        (
            "subscription required",
            "plan cancelled",
            "subscription paused",
            "trial ended",
        ),
    ),
    NoticeKind("mod_message", Effect.PAUSE, ("pending mod message",)),
    NoticeKind("blocked", Effect.PAUSE, ("blocked", "you have been blocked")),
    NoticeKind(
        "verification",
        Effect.PAUSE,
        ("action required to continue", "please complete the task"),
    ),
    NoticeKind("tos", Effect.PAUSE, ("tos not accepted",)),
    NoticeKind(
        "outage", Effect.FAIL, ("maintenance", "midjourney is temporarily unavailable")
    ),
    NoticeKind(
        "internal",
        Effect.FAIL,
        (
            "sorry could not complete the job",
            "sorry something went wrong",
            "internal error",
            "internal server error",
        ),
    ),
)
UNKNOWN_ERROR: Final = NoticeKind("unknown_error", Effect.FAIL, ())
_TEXTS: Final = (
    ("failed to process your command", NoticeKind("internal", Effect.FAIL, ())),
    ("there was an error processing", NoticeKind("internal", Effect.FAIL, ())),
    ("you have triggered an abuse alert", NoticeKind("abuse", Effect.PAUSE, ())),
)


@dataclass(frozen=True)
class Notice:
    kind: NoticeKind
    text: str  # "title: description", as Midjourney said it


def read(message: Message) -> Notice | None:
    """Return the notice that a message is, or None. A result is never a notice."""
    if message.attachment and message.buttons:
        return None
    for embed in message.embeds:
        if any(embed.get("type") == kind for kind in _PREVIEW_EMBEDS):
            continue
        title = embed.get("title")
        title = title if isinstance(title, str) else ""
        body = embed.get("description")
        body = body if isinstance(body, str) else ""
        kind = _by_title(title)
        if kind is None and any(embed.get("color") == red for red in _RED):
            kind = UNKNOWN_ERROR
        if kind:
            return Notice(kind, ": ".join(part for part in (title, body) if part))
    plain = _plain(message.text)
    for beginning, kind in _TEXTS:
        if plain.startswith(beginning):
            return Notice(kind, message.text.strip())
    # The words of a title may also come as plain text.
    if message.content is None and (kind := _by_title(message.text)):
        return Notice(kind, message.text.strip())
    return None


def _by_title(title: str) -> NoticeKind | None:
    plain = _plain(title)
    for kind in KINDS:
        if any(plain.startswith(beginning) for beginning in kind.titles):
            return kind
    return None


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", text).lower().split())
