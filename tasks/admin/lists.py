"""Search and filter a million tasks in the admin, by indexes alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from mjproxy.lib.ids import first_task_id_of, moment_of_task_id
from tasks.models import Task
from tasks.search import oldest_for_text

_IDENTITIES: Final = (
    "nonce",
    "interaction_id",
    "progress_message_id",
    "message_id",
)
_JOB: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def is_words(term: str) -> bool:
    """Tell whether a search is for words of a prompt, not for an id."""
    return bool(term.strip()) and not (_is_job(term.strip()) or _is_id(term.strip()))


def search(
    tasks: QuerySet[Task], term: str, before: int | None = None
) -> QuerySet[Task]:
    """Return the task with the id in `term`, or tasks whose prompt contains it.

    Words are looked for in the `NEWEST_FOR_TEXT` newest tasks, or in those below
    `before`.
    """
    term = term.strip()
    if not term:
        return tasks
    if _is_job(term):
        return tasks.filter(job_id=term.lower())
    if _is_id(term):
        found = Q(**dict.fromkeys(_IDENTITIES[:1], term))
        for name in _IDENTITIES[1:]:
            found |= Q(**{name: term})
        if int(term) < 1 << 63:
            found |= Q(pk=int(term))
        return tasks.filter(found)
    return tasks.filter(pk__gt=oldest_for_text(before), prompt__icontains=term)


def looked_at(edge: int, before: int | None) -> str:
    """Return a sentence that says among which tasks words were looked for."""
    since = _minute(edge)
    if before is None:
        return f"Words were looked for in the tasks since {since}."
    return f"Words were looked for in the tasks from {since} to {_minute(before)}."


def _minute(task_id: int) -> str:
    return f"{timezone.localtime(moment_of_task_id(task_id)):%Y-%m-%d %H:%M}"


def _is_job(term: str) -> bool:
    return bool(_JOB.fullmatch(term))


def _is_id(term: str) -> bool:
    return term.isascii() and term.isdigit() and 10 <= len(term) <= 25


class WhenFilter(admin.SimpleListFilter):
    """Filters by time, as a range of ids: an id begins with its time."""

    title = "time"
    parameter_name = "when"
    _spans: Final = {
        "hour": ("Last hour", timedelta(hours=1), None),
        "day": ("Last 24 hours", timedelta(days=1), None),
        "week": ("Last 7 days", timedelta(days=7), None),
        "before-week": ("7 to 30 days ago", timedelta(days=30), timedelta(days=7)),
        "before-month": ("30 to 90 days ago", timedelta(days=90), timedelta(days=30)),
        "older": ("Older", None, timedelta(days=90)),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterator[Any]:
        return ((key, words) for key, (words, *_) in self._spans.items())

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Task]
    ) -> QuerySet[Task]:
        _, since, until = self._spans.get(self.value() or "", ("", None, None))
        now = timezone.now()
        if since:
            queryset = queryset.filter(pk__gte=first_task_id_of(now - since))
        if until:
            queryset = queryset.filter(pk__lt=first_task_id_of(now - until))
        return queryset
