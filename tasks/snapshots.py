"""Settings and prices, at most a second old (docs/adr/0030)."""

from __future__ import annotations

from typing import Final

from mjproxy.lib.db.snapshot import Snapshot
from tasks.models import (
    DrawingSettings,
    Price,
    StorageSettings,
    SwapSettings,
    TranslationSettings,
)


def _prices() -> tuple[Price, ...]:
    return tuple(Price.objects.all())


prices: Final = Snapshot(_prices, Price)
# Without the secrets: code that needs one reads the row.
drawing_settings: Final = Snapshot(DrawingSettings.get_solo, DrawingSettings)
swap_settings: Final = Snapshot(SwapSettings.get_solo, SwapSettings)
translation_settings: Final = Snapshot(
    TranslationSettings.get_solo, TranslationSettings
)
storage_settings: Final = Snapshot(StorageSettings.get_solo, StorageSettings)
