"""Extend the deadlines of running tasks by the length of an outage."""

from __future__ import annotations

from django.db.models import F
from django.utils import timezone

from gateway.models import GatewaySession
from tasks.enums import RUNNING
from tasks.models import Task


def extend_deadlines(account_id: int) -> None:
    """Add the length of the account's last outage to its tasks' deadlines."""
    session = GatewaySession.objects.filter(account_id=account_id).first()
    if session is None or session.down_since is None:
        return
    outage = timezone.now() - session.down_since
    Task.objects.filter(account_id=account_id, status__in=RUNNING).update(
        deadline_at=F("deadline_at") + outage
    )
    GatewaySession.objects.filter(pk=session.pk).update(down_since=None)
