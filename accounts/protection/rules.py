"""The protection settings, compiled once for each revision of their row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from limits import RateLimitItem, RateLimitItemPerSecond

from accounts.models import ProtectionSettings
from accounts.protection.patterns import PathTable
from accounts.protection.places import Networks, Place
from mjproxy.lib.db.snapshot import Snapshot

LIMIT, BLOCK = "limit", "block"  # namespaces of counters


@dataclass(frozen=True)
class Rule:
    """A limit of the requests that match a pattern, for each place of a size."""

    size: int  # position in Place.networks
    pattern: str
    item: RateLimitItem


@dataclass(frozen=True)
class Counter:
    """A rule at one place."""

    key: str
    most: int
    seconds: int


class Stage:
    """Limits, or the rules of blocks: lists of networks, and rules by path."""

    def __init__(
        self,
        namespace: str,
        lists: tuple[Sequence[str], Sequence[str]],
        rules: Sequence[Mapping[str, Mapping[str, int]]],
    ) -> None:
        self.white, self.black = map(Networks, lists)
        self._table = PathTable[Rule](
            (pattern, Rule(size, pattern, _item(most, int(seconds), namespace)))
            for size, patterns in enumerate(rules)
            for pattern, limits in patterns.items()
            for seconds, most in limits.items()
        )

    def counters(self, path: str, place: Place) -> Iterator[Counter]:
        """Yield a counter for each rule of the path at this place."""
        for rule in self._table.find(path):
            # Slashes separate the parts of a key.
            network = place.networks[rule.size].replace("/", "-")
            key = rule.item.key_for(network, rule.pattern)
            yield Counter(key, rule.item.amount, rule.item.get_expiry())


def _item(most: int, seconds: int, namespace: str) -> RateLimitItem:
    return RateLimitItemPerSecond(most, seconds, namespace)


@dataclass(frozen=True)
class Protection:
    """Compiled settings; a stage that is off is None."""

    limits: Stage | None = None
    blocks: Stage | None = None
    block_minutes: int = 0


# --- snapshot -------------------------------------------------------------------------


def _revision() -> datetime | None:
    return ProtectionSettings.objects.values_list("changed_at", flat=True).first()


# Two, because requests may still use the one before.
@lru_cache(2)
def _compiled(revision: datetime | None) -> Protection:
    row = ProtectionSettings.objects.first()
    if row is None:
        return Protection()
    return Protection(
        _stage(row, LIMIT) if row.limits_on else None,
        _stage(row, BLOCK) if row.blocks_on else None,
        row.block_minutes,
    )


def _stage(row: Any, namespace: str) -> Stage:
    def of(name: str) -> Any:
        return getattr(row, f"{namespace}s_{name}")

    rules = of("address"), of("near"), of("wide")
    return Stage(namespace, (of("white"), of("black")), rules)


revision: Final = Snapshot(_revision, ProtectionSettings)


def protection() -> Protection:
    """Return the rules, at most a second old."""
    return _compiled(revision())
