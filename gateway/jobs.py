"""Jobs: those that nudges start, and those of beat, which are Celery's.

Each gets ids at most, and may be lost or run twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from celery import shared_task
from celery.signals import worker_ready

from accounts.verification import lock
from gateway import lost_accounts, nudges
from gateway.discord import clients, fresh_links
from gateway.lanes import lane
from gateway.queries import ask
from gateway.sending import (
    cancel,
    dispatch,
    errands,
    prepare,
    queries,
    verification,
    window_answers,
)
from gateway.sending.refusals import break_off
from gateway.sweep import accounts_to_dispatch, end_overdue
from mjproxy.lib import faults
from mjproxy.lib.faults import Work
from mjproxy.lib.process import event_loop
from mjproxy.lib.process.nudge_handlers import on_nudge

LONGEST_WAIT: Final = 60.0  # seconds to the next look at a lane


@worker_ready.connect
def warm_up(**_: Any) -> None:
    """Start the event loop and read the addresses, before the first task needs them."""
    event_loop.spawn(clients.current_addresses())


# --- for nudges ----------------------------------------------------------------------


@on_nudge("gateway.dispatch_account")
def dispatch_account(account_id: int) -> None:
    """Send the tasks that may leave now, and book the next run for the pace."""
    faults.guard(Work("dispatch of account", account_id, break_off), _dispatch)


def _dispatch(account_id: int) -> None:
    wait = dispatch.run_lane(account_id)
    if wait is not None and lane.book(account_id, wait):
        event_loop.later(min(wait, LONGEST_WAIT), nudges.enqueue_dispatch, account_id)


@on_nudge("gateway.press_cancel")
def press_cancel(task_id: int) -> None:
    faults.guard(Work("cancelling task", task_id), cancel.press_cancel)


@on_nudge("gateway.ask_account")
def ask_account(account_id: int) -> None:
    faults.guard(Work("asking account", account_id, break_off), queries.run_next)


on_nudge("gateway.answer_window")(window_answers.answer)
on_nudge("gateway.prepare_task")(prepare.prepare)
on_nudge("gateway.renew_link")(fresh_links.renew)
on_nudge("gateway.run_errand")(errands.run)
on_nudge("gateway.attend_verification")(verification.attend)


# --- at fixed times, by beat ---------------------------------------------------------


@shared_task(name="gateway.sync_accounts", ignore_result=True)
def sync_accounts() -> None:
    """Read plan and settings of accounts with old readings; delete old rows."""
    for step in (ask.sync_due, ask.forget_old, lane.forget_unused):
        faults.step(step)


@shared_task(name="gateway.sweep", ignore_result=True)
def sweep() -> None:
    """Find the tasks that are due and whose nudge was lost."""
    for step in (
        _nudge,
        lost_accounts.leave_lost_accounts,
        end_overdue,
    ):
        faults.step(step)


def _nudge() -> None:
    """Nudge every kind of due work; an error in one kind does not stop the others."""
    for due, enqueue in (
        (accounts_to_dispatch, nudges.enqueue_dispatch),
        (cancel.to_press, nudges.enqueue_cancel),
        (window_answers.to_answer, nudges.enqueue_answer),
        (prepare.unprepared, nudges.enqueue_prepare),
        (errands.waiting, nudges.enqueue_errand),
        (queries.accounts_to_ask, nudges.enqueue_query),
        (lock.due, nudges.enqueue_verification),
    ):
        faults.step(_enqueue_all, due, enqueue)


def _enqueue_all(
    due: Callable[[], list[int]], enqueue: Callable[[int], object]
) -> None:
    for pk in due():
        enqueue(pk)
