"""Parse the text of Midjourney's messages (docs/protocol.md, message grammar)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_HEAD: Final = re.compile(
    r"^(?:(?:Making variations for image #\d+ with prompt|Upscaling image #\d+ with) )?"
    r"\*\*(?P<prompt>.*)\*\* - (?P<tail>.+)$",
    re.DOTALL,
)
_TAIL: Final = re.compile(
    r"^(?:Image #(?P<index>\d{1,4}) |"
    r"(?P<verb>[A-Z][A-Za-z]*(?: [A-Z][a-z]+)*)(?: \((?P<kind>[A-Za-z0-9. ]+)\))? by )?"
    r"<@!?(?P<user>\d+)>(?P<rest>.*)$",
    re.DOTALL,
)
_STATE: Final = re.compile(r"\((Waiting to start|Stopped|[Pp]aused|\d{1,3}%)\)")
_MODE: Final = re.compile(r"\((fast|relaxed|turbo)(?:, (?:stealth))?\)")


@dataclass(frozen=True)
class Content:
    """The parsed text of a job's message."""

    prompt: str
    user_id: str
    verb: str = ""  # "Variations", "Zoom Out", ...; "" for imagine and reroll
    index: int | None = None  # of "Image #2"
    percent: int | None = None
    waiting: bool = False
    stopped: bool = False
    paused: bool = False
    mode: str = ""

    @property
    def is_final(self) -> bool:
        """True if no percentage and no waiting, stopped or paused state is named."""
        return self.percent is None and not (
            self.waiting or self.stopped or self.paused
        )


def parse(text: str) -> Content | None:
    """Return the parsed text of a job's message, or None for any other text."""
    lines = [line for line in text.split("\n") if not line.startswith("-# ")]
    head = _HEAD.match("\n".join(lines).strip())
    tail = _TAIL.match(head["tail"]) if head else None
    if head is None or tail is None:
        return None
    state = _STATE.search(tail["rest"])
    word = state[1] if state else ""
    mode = _MODE.search(tail["rest"])
    return Content(
        prompt=head["prompt"],
        user_id=tail["user"],
        verb=tail["verb"] or "",
        index=int(tail["index"]) if tail["index"] else None,
        percent=int(word[:-1]) if word.endswith("%") else None,
        waiting=word == "Waiting to start",
        stopped=word == "Stopped",
        paused=word.lower() == "paused",
        mode=mode[1] if mode else "",
    )
