"""React to signals of lower apps. Imported by GatewayConfig.ready()."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from accounts.signals import access_changed, account_changed, verification_due
from gateway.lanes.next_task import lets_go_on
from gateway.lanes.room import accounts_with_room_after
from gateway.live.publish import (
    publish_access,
    publish_accounts_changed,
    publish_change,
)
from gateway.nudges import (
    enqueue_cancel,
    enqueue_dispatch,
    enqueue_errand,
    enqueue_link,
    enqueue_prepare,
    enqueue_verification,
)
from mjproxy.lib.db.claim import is_due
from tasks.enums import RUNNING, TERMINAL, TaskAction, TaskStatus
from tasks.models import Task
from tasks.signals import (
    errand_submitted,
    link_expired,
    task_changed,
    task_submitted,
)
from tasks.submit.extensions import waiting_for


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


@receiver(link_expired)
def renew_link(*, task_id: int, **kwargs: Any) -> None:
    enqueue_link(task_id)


@receiver(task_changed)
def go_on(*, task: Task, before: Task | None = None, **kwargs: Any) -> None:
    """Nudge dispatch if a slot or a held-back prompt is free, and related work."""
    known = (before.status, before.job_id) if before else None
    is_news = known != (task.status, task.job_id)
    if task.account_id is not None and is_news and lets_go_on(task):
        enqueue_dispatch(task.account_id)
    for account_id in accounts_with_room_after(task) if is_news else ():
        enqueue_dispatch(account_id)
    if _wants_cancel(task):
        enqueue_cancel(task.pk)
    if task.status in TERMINAL and task.action == TaskAction.UPSCALE:
        for waiting in waiting_for(task):
            enqueue_prepare(waiting)


def _wants_cancel(task: Task) -> bool:
    """Return whether Midjourney's Cancel may be pressed now."""
    return bool(
        task.status in RUNNING
        and task.cancel_requested_at
        and task.progress_message_id
        and is_due(task.cancel_next_at)
    )


@receiver(task_changed)
def publish(*, task: Task, **kwargs: Any) -> None:
    publish_change(task.pk, task.owner_id)


@receiver(verification_due)
def attend_verification(*, account_id: int, **kwargs: Any) -> None:
    enqueue_verification(account_id)


@receiver(access_changed)
def look_again(*, user_id: int, **kwargs: Any) -> None:
    publish_access(user_id)


@receiver(account_changed)
def tell_gateways(*, account_id: int, **kwargs: Any) -> None:
    publish_accounts_changed()
