"""Kinds and states of queries to a bot."""

from __future__ import annotations

from typing import Final

from django.db import models


class QueryKind(models.TextChoices):
    INFO = "info", "Read the plan"
    SETTINGS = "settings", "Read the settings"
    PRESS = "press", "Press a button of the settings"
    SELECT = "select", "Choose a version"
    COMMAND = "command", "Run a command"


class QueryState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    SENT = "sent", "Sent"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


OVER: Final = frozenset({QueryState.DONE, QueryState.FAILED})
# Kinds that press the settings panel, which must be fresh and of this session.
ON_PANEL: Final = frozenset({QueryKind.PRESS, QueryKind.SELECT})
