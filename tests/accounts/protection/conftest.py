"""The protection settings of a test."""

from __future__ import annotations

import pytest

from accounts.models import ProtectionSettings
from tests.accounts.protection.rows import Change


@pytest.fixture
def change(db: None) -> Change:
    def change(**fields: object) -> ProtectionSettings:
        row = ProtectionSettings.get_solo()
        for name, value in fields.items():
            setattr(row, name, value)
        row.full_clean()
        row.save()
        return row

    return change
