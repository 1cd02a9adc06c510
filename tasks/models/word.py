"""BannedWordGroup: words that prompts may not contain."""

from __future__ import annotations

import uuid
from typing import Final

from django.db import models

from accounts.models.tags import KeywordList, word_list

# The group that is there from the beginning; clients know its id.
DEFAULT_GROUP: Final = "default"
MOST_TERMS: Final = 100_000  # of one group
LONGEST_TERM: Final = 100


def new_id() -> str:
    """Return an id for a new group."""
    return uuid.uuid4().hex


class BannedWordGroup(KeywordList):
    """Terms that a prompt may not contain, and phrases that may contain them."""

    id = models.CharField(
        primary_key=True, max_length=32, default=new_id, editable=False
    )
    allowed = models.JSONField(default=list, blank=True, validators=[word_list])

    class Meta(KeywordList.Meta):
        verbose_name = "group of banned words"
        verbose_name_plural = "banned words"

    @property
    def is_default(self) -> bool:
        return self.pk == DEFAULT_GROUP
