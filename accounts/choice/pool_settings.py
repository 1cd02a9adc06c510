"""Pool: the settings that every choice reads: rule, subjects, closed work hours."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils import timezone

from accounts.enums import AccountState
from accounts.models import DiscordAccount, DomainTag, PoolSettings
from accounts.models.tags import keywords_of
from accounts.state.moves import scheduled_standing
from mjproxy.lib.db.snapshot import Snapshot

_BREAKS: Final = re.compile(r"[,.\-\s]+")


@dataclass(frozen=True)
class Pool:
    """The settings of the pool."""

    rule: str
    waiting_per_user: int  # most tasks of a user that may wait; 0: no limit
    # Keyword to ids of subjects; empty while the switch is off.
    keywords: Mapping[str, frozenset[int]]
    closed: tuple[str, ...]  # texts of work hours that exclude now

    def subjects_of(self, prompt: str) -> tuple[int, ...]:
        """Return the ids of the subjects whose keywords a prompt contains, sorted."""
        found: set[int] = set()
        if self.keywords:
            for word in _BREAKS.split(prompt.lower()):
                found |= self.keywords.get(word, frozenset())
                found |= self.keywords.get(f"{word}s", frozenset())
        return tuple(sorted(found))


def _read() -> Pool:
    settings = PoolSettings.get_solo()
    now = timezone.now()
    written = DiscordAccount.objects.order_by().exclude(work_time="")
    texts = written.values_list("work_time", flat=True).distinct()
    return Pool(
        rule=settings.rule,
        waiting_per_user=settings.waiting_per_user,
        keywords=_keywords() if settings.is_vertical_domain else {},
        closed=tuple(sorted(text for text in texts if _is_over(text, now))),
    )


def _is_over(work_time: str, moment: datetime) -> bool:
    return scheduled_standing(work_time, moment).state == AccountState.RESTING


def _keywords() -> dict[str, frozenset[int]]:
    found: defaultdict[str, set[int]] = defaultdict(set)
    enabled = DomainTag.objects.filter(enabled=True).order_by()
    for pk, words in enabled.values_list("pk", "keywords"):
        for word in keywords_of(words):
            found[word].add(pk)
    return {word: frozenset(ids) for word, ids in found.items()}


# Services that write work hours of accounts drop it.
pool: Final = Snapshot(_read, PoolSettings, DomainTag)
