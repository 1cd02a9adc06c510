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

from mjproxy.lib.ids import first_task_id_of
from tasks.models import Task
from tasks.search import oldest_for_text

_IDENTITIES: Final = (
    "nonce",
    "interaction_id",
    "progress_message_id",
    "message_id",
)
_JOB: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def search(tasks: QuerySet[Task], term: str) -> QuerySet[Task]:
    """Return the task with the id in `term`, or tasks whose prompt contains it."""
    term = term.strip()
    if not term:
        return tasks
    if _JOB.fullmatch(term):
        return tasks.filter(job_id=term.lower())
    if term.isascii() and term.isdigit() and 10 <= len(term) <= 25:
        found = Q(**dict.fromkeys(_IDENTITIES[:1], term))
        for name in _IDENTITIES[1:]:
            found |= Q(**{name: term})
        if int(term) < 1 << 63:
            found |= Q(pk=int(term))
        return tasks.filter(found)
    return tasks.filter(pk__gt=oldest_for_text(), prompt__icontains=term)


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
