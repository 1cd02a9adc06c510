"""Calls of hooks as their user may see them: without those of the operator's hook."""

from __future__ import annotations

from typing import Final

from django.db.models import QuerySet

from accounts.models import User
from tasks.models import WebhookDelivery

MAX_ID: Final = 2**63 - 1


def calls_of(user: User, *, before: int = MAX_ID) -> QuerySet[WebhookDelivery]:
    """Return a user's calls with ids below `before`, newest first, without bodies."""
    rows = WebhookDelivery.objects.filter(owner=user.pk, is_operators=False)
    return rows.filter(pk__lt=min(before, MAX_ID)).order_by("-pk").defer("body")


def call_of(user: User, call_id: int) -> WebhookDelivery | None:
    return calls_of(user).filter(pk=call_id).first() if call_id <= MAX_ID else None
