"""Subjects that prompts are about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from mjproxy.lib.validators.number_limits import between
from mjproxy.lib.validators.text_lists import parted


def keywords_of(words: Iterable[str]) -> list[str]:
    """Return words as they are looked for: in small letters, each once.

    One of them may be a list that was pasted.
    """
    found = (word.lower() for text in words for word in parted(text))
    return list(dict.fromkeys(found))


def word_list(value: object) -> None:
    """Raise ValidationError for what is not a list of words."""
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise ValidationError("A list of words.")


class DomainTag(models.Model):
    """A subject, known by its keywords; accounts may be set aside for some."""

    name = models.CharField(max_length=100)
    keywords = models.JSONField(default=list, blank=True, validators=[word_list])
    enabled = models.BooleanField(default=True)
    weight = models.IntegerField(default=0, validators=between(-1000, 1000))
    sort = models.IntegerField(default=0, validators=between(-1_000_000, 1_000_000))
    description = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["sort", "pk"]
        verbose_name = "subject"

    def __str__(self) -> str:
        return self.name
