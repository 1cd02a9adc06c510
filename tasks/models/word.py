"""BannedWord: a word that prompts may not contain."""

from __future__ import annotations

from django.db import models


class BannedWord(models.Model):
    """A word that a prompt may not contain."""

    word = models.CharField(max_length=100, unique=True)
    enabled = models.BooleanField(default=True)
    note = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.word
