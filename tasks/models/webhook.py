"""WebhookDelivery: a call of a hook in the log, or one that is sent again by hand."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from tasks.enums import DeliveryState, TaskStatus
from tasks.models.task import Task


class WebhookDelivery(models.Model):
    """One call of a hook.

    Written for each failed try and for the end of a task (tasks/webhooks/states.py).
    In the state WAITING it is a call to make (tasks/webhooks/by_hand.py).
    """

    # The index `webhook_order` serves the key.
    task = models.ForeignKey(
        Task, models.CASCADE, related_name="deliveries", db_index=False
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+"
    )
    host = models.CharField(max_length=260, help_text="Host and port.")
    revision = models.PositiveIntegerField()
    status = models.CharField(max_length=16, choices=TaskStatus)
    is_operators = models.BooleanField(
        default=False, help_text="Calls the operator's default hook."
    )
    url = models.TextField()
    body = models.TextField()
    state = models.CharField(
        max_length=10, choices=DeliveryState, default=DeliveryState.WAITING
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, default=timezone.now)
    claimed_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    delivered_at = models.DateTimeField(null=True)
    by_hand = models.BooleanField(default=False, help_text="Sent again by a person.")
    response_status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=400, blank=True)

    class Meta:
        verbose_name_plural = "webhook deliveries"
        indexes: ClassVar = [
            models.Index(fields=["state", "next_attempt_at"], name="webhook_due"),
            models.Index(fields=["task", "revision"], name="webhook_order"),
        ]

    def __str__(self) -> str:
        return f"{self.task_id} no. {self.revision}"
