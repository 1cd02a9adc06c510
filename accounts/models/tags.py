"""Lists of words that operators keep: subjects of prompts, and what they share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from mjproxy.lib.validators.number_limits import between
from mjproxy.lib.validators.text_lists import parted


def keywords_of(words: Iterable[str]) -> list[str]:
    """Return the keywords in lower case, each once.

    A word may itself be a pasted list, which is split.
    """
    found = (word.lower() for text in words for word in parted(text))
    return list(dict.fromkeys(found))


def word_list(value: object) -> None:
    """Raise ValidationError for a value that is not a list of strings."""
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise ValidationError("A list of words.")


class KeywordList(models.Model):
    """Words under a name, which an operator keeps and can switch off."""

    name = models.CharField(max_length=100)
    keywords = models.JSONField(default=list, blank=True, validators=[word_list])
    enabled = models.BooleanField(default=True)
    weight = models.IntegerField(default=0, validators=between(-1000, 1000))
    sort = models.IntegerField(default=0, validators=between(-1_000_000, 1_000_000))
    description = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
        ordering: ClassVar = ["sort", "pk"]

    def __str__(self) -> str:
        return self.name


class DomainTag(KeywordList):
    """A subject, recognised by its keywords. Accounts may be reserved for subjects."""

    class Meta(KeywordList.Meta):
        verbose_name = "subject"
