"""Notices as they arrive, recorded in every form; tests/gateway/notices holds them.

A file is one notice. `then` is what it comes to, for the whole file or for a recording:
the task's status and reason, and the account where it does not just go on. The forms:

A: an answer with nonce. B: an empty answer that is filled, or one known by its
interaction. C: an edit of the progress message. D: a reply. E: plain text. F: the
progress message vanishes. G: the bot does not answer. H: nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gateway.events.handlers import Outcome, Recipient, handle

FOLDER: Final = Path(__file__).parent / "notices"
NONCE: Final = "1311111111111115000"
# Start of all times in the recordings.
NOW: Final = "2026-01-10T12:00:00+00:00"


@dataclass(frozen=True)
class Recording:
    notice: str
    form: str
    about: str
    task: dict[str, Any]
    events: list[tuple[str, dict[str, Any]]]
    then: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.notice}-{self.form}-{self.about}".rstrip("-").replace(" ", "_")

    def play(self, recipient: Recipient) -> Outcome:
        outcomes = [handle(recipient, event, data) for event, data in self.events]
        return outcomes[-1]


def _load(path: Path) -> list[Recording]:
    file = json.loads(path.read_text())
    return [
        Recording(
            notice=path.stem,
            form=row["form"],
            about=row.get("about", ""),
            task={"nonce": NONCE} | row.get("task", {}),
            events=[(event, data) for event, data in row["events"]],
            then=row.get("then", file["then"]),
        )
        for row in file["recordings"]
    ]


RECORDINGS: Final = [
    recording for path in sorted(FOLDER.glob("*.json")) for recording in _load(path)
]
