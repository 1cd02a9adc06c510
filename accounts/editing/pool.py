"""Save the settings of the pool and its subjects.

The next choice of this process reads them again; other processes follow within
`accounts.choice.pool_settings.KEPT_FOR` seconds.
"""

from __future__ import annotations

from accounts.choice.pool_settings import forget
from accounts.models import DomainTag, PoolSettings


def save_settings(row: PoolSettings) -> None:
    """Save the settings row."""
    row.save()
    forget()


def save_tag(tag: DomainTag) -> None:
    """Save a new or edited subject."""
    tag.save()
    forget()


def delete_tag(tag: DomainTag) -> None:
    """Delete a subject; accounts that were reserved for it lose it."""
    tag.delete()
    forget()
