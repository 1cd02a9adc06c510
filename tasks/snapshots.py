"""Settings of drawings and banned words, at most a second old (docs/adr/0030)."""

from __future__ import annotations

from typing import Final

from mjproxy.lib.db.snapshot import Snapshot
from mjproxy.lib.validators.text_lists import parted
from tasks.models import BannedWord, DrawingSettings


def _banned_words() -> tuple[str, ...]:
    rows = BannedWord.objects.filter(enabled=True).values_list("word", flat=True)
    return tuple(word for text in rows for word in parted(text))


banned_words: Final = Snapshot(_banned_words, BannedWord)
# Without the secrets: code that needs one reads the row.
drawing_settings: Final = Snapshot(DrawingSettings.get_solo, DrawingSettings)
