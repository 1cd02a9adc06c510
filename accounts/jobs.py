"""Celery jobs of accounts: mails, the clock, retention. All are started by beat."""

from __future__ import annotations

from celery import shared_task

from accounts import retention
from accounts.choice import idle_hours
from accounts.state import changes
from accounts.state import send_mails as sending
from mjproxy.lib import faults
from mjproxy.lib.process import event_loop


@shared_task(name="accounts.send_mails", ignore_result=True)
def send_mails() -> None:
    """Tell the operator of the accounts that wait for a person."""
    event_loop.spawn(sending.send_due())


@shared_task(name="accounts.follow_clock", ignore_result=True)
def follow_clock() -> None:
    """Begin and end idle hours, work hours and pauses as the time comes."""
    for step in (
        idle_hours.follow_hours,
        changes.resume_due,
        changes.follow_work_hours,
    ):
        faults.step(step)


@shared_task(name="accounts.remove_old", ignore_result=True)
def remove_old() -> None:
    """Remove what accounts and people leave behind once it is old."""
    faults.step(retention.remove_old)
