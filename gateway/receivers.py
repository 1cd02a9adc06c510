"""What follows a change outside of its app. Imported by GatewayConfig.ready()."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from accounts.signals import account_changed, verification_due
from gateway.addresses import load_addresses
from gateway.hints import (
    enqueue_cancel,
    enqueue_dispatch,
    enqueue_errand,
    enqueue_prepare,
    enqueue_verification,
)
from gateway.publish import publish_accounts_changed, publish_change
from tasks.enums import RUNNING, TERMINAL, TaskStatus
from tasks.models import Task
from tasks.pictures import set_cdn_base
from tasks.signals import errand_submitted, task_changed, task_submitted


@receiver(task_submitted)
def send_submitted(*, task: Task, **kwargs: Any) -> None:
    if task.status == TaskStatus.MODAL:
        return  # waits for its owner
    if not task.prepared:
        enqueue_prepare(task.pk)
    elif task.account_id is not None:
        enqueue_dispatch(task.account_id)


@receiver(errand_submitted)
def run_submitted(*, errand_id: int, **kwargs: Any) -> None:
    enqueue_errand(errand_id)


@receiver(task_changed)
def go_on(*, task: Task, **kwargs: Any) -> None:
    """Nudge dispatch where a slot, or a held-back prompt, has come free."""
    waiting = Task.objects.filter(
        account_id=task.account_id, status=TaskStatus.NOT_START
    )
    if task.status == TaskStatus.IN_PROGRESS and task.job_id:
        waiting = waiting.filter(echo_key=task.echo_key)
    elif task.status not in TERMINAL:
        waiting = waiting.none()
    if task.account_id is not None and waiting.exists():
        enqueue_dispatch(task.account_id)
    if (
        task.status in RUNNING
        and task.cancel_requested_at
        and not task.cancel_pressed_at
        and task.progress_message_id
    ):
        enqueue_cancel(task.pk)


@receiver(task_changed)
def publish(*, task: Task, **kwargs: Any) -> None:
    publish_change(task.pk, task.owner_id)


set_cdn_base(lambda: load_addresses().cdn)


@receiver(verification_due)
def attend_verification(*, account_id: int, **kwargs: Any) -> None:
    enqueue_verification(account_id)


@receiver(account_changed)
def tell_gateways(*, account_id: int, **kwargs: Any) -> None:
    publish_accounts_changed()
