"""Save the settings of the pool and its subjects.

The next choice of this process reads them again; other processes follow within a
second (`accounts.choice.pool_settings.pool`).
"""

from __future__ import annotations

from accounts.models import DomainTag, PoolSettings
from mjproxy.lib.audit.records import audited


@audited
def save_settings(row: PoolSettings) -> None:
    """Save the settings row."""
    row.save()


@audited
def save_tag(tag: DomainTag) -> None:
    """Save a new or edited subject."""
    tag.save()


@audited
def delete_tag(tag: DomainTag) -> None:
    """Delete a subject; accounts that were reserved for it lose it."""
    tag.delete()
