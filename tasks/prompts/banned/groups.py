"""Save, delete and read groups of banned words."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from django.db import transaction

from accounts.exceptions import InvalidField
from accounts.models.tags import keywords_of
from mjproxy.lib.audit.records import audited
from mjproxy.lib.db.snapshot import Snapshot
from tasks.models import BannedWordGroup
from tasks.models.word import LONGEST_TERM, MOST_TERMS
from tasks.prompts.banned.matcher import Matcher

Version = tuple[str, datetime]


@audited
def save_group(group: BannedWordGroup) -> None:
    """Save a new or edited group.

    Its name is trimmed; its terms are trimmed, in lower case, each once.

    Raises InvalidField for a group without a name, and for too many or too long terms.
    """
    group.name = group.name.strip()
    if not group.name:
        raise InvalidField("名称不能为空", "A group needs a name")
    group.keywords = checked_terms(group.keywords)
    group.allowed = checked_terms(group.allowed)
    group.save()


@audited
def delete_group(group: BannedWordGroup) -> None:
    """Delete a group. Raises InvalidField for the default one."""
    if group.is_default:
        raise InvalidField(
            "不能删除默认违规词", "The default group cannot be deleted; switch it off"
        )
    group.delete()


@transaction.atomic
def add_terms(
    group_id: str, terms: Iterable[str], allowed: Iterable[str], *, replace: bool
) -> BannedWordGroup:
    """Add terms to a group, or put them in place of its own; return the group."""
    group = BannedWordGroup.objects.select_for_update().get(pk=group_id)
    own = ([], []) if replace else (group.keywords, group.allowed)
    group.keywords, group.allowed = [*own[0], *terms], [*own[1], *allowed]
    save_group(group)
    return group


def checked_terms(words: Iterable[str]) -> list[str]:
    """Return terms as they are stored. Raises InvalidField if they are too many."""
    terms = keywords_of(words)
    if len(terms) > MOST_TERMS:
        raise InvalidField(
            f"违规词过多（最多 {MOST_TERMS}）",
            f"A group has at most {MOST_TERMS} terms",
        )
    if long := next((term for term in terms if len(term) > LONGEST_TERM), None):
        raise InvalidField(
            f"违规词过长：{long[:40]}",
            f"Longer than {LONGEST_TERM} characters: {long[:40]}",
        )
    return terms


def _read() -> Matcher:
    enabled = BannedWordGroup.objects.filter(enabled=True)
    versions = tuple(enabled.values_list("pk", "updated_at"))
    with _compiling:
        return _compiled(versions)


@lru_cache(maxsize=1)
def _compiled(versions: Sequence[Version]) -> Matcher:
    """Return the matcher of these groups. Few words change, and many are slow to read.

    If a group changes after its version was read, the next version differs again.
    """
    rows = BannedWordGroup.objects.in_bulk([pk for pk, _ in versions])
    groups = [rows[pk] for pk, _ in versions if pk in rows]
    terms: dict[str, str] = {}
    for group in groups:
        terms |= {term: group.name for term in group.keywords if term not in terms}
    return Matcher(terms, [phrase for group in groups for phrase in group.allowed])


_compiling: Final = threading.Lock()
banned_words: Final = Snapshot(_read, BannedWordGroup)
