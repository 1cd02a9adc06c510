"""Jobs of accounts: mails, the clock, retention. Beat starts them, or a nudge."""

from __future__ import annotations

from celery import shared_task

from accounts import retention
from accounts.choice import idle_hours
from accounts.credits import checking
from accounts.mails import sending
from accounts.state import changes
from accounts.state.send_mails import send_due
from mjproxy.lib import faults
from mjproxy.lib.process import event_loop
from mjproxy.lib.process.nudge_handlers import on_nudge

on_nudge("accounts.send_person_mail")(sending.send_one)


@shared_task(name="accounts.send_mails", ignore_result=True)
def send_mails() -> None:
    """Mail the operator about accounts that wait, and people whose mails wait."""
    event_loop.spawn(send_due())
    event_loop.spawn(sending.send_due())


@shared_task(name="accounts.follow_clock", ignore_result=True)
def follow_clock() -> None:
    """Begin and end idle hours, work hours and pauses when their time comes."""
    for step in (
        idle_hours.follow_hours,
        changes.resume_due,
        changes.follow_work_hours,
    ):
        faults.step(step)


@shared_task(name="accounts.check_credits", ignore_result=True)
def check_credits() -> None:
    """Compare all balances with their bookings."""
    faults.step(checking.report)


@shared_task(name="accounts.remove_old", ignore_result=True)
def remove_old() -> None:
    """Remove old rows of accounts and users."""
    faults.step(retention.remove_old)
