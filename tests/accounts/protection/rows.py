"""The type of the fixture that changes the protection settings."""

from __future__ import annotations

from typing import Protocol

from accounts.models import ProtectionSettings


class Change(Protocol):
    """Writes fields of the settings."""

    def __call__(self, **fields: object) -> ProtectionSettings: ...
