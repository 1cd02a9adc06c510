"""Celery jobs. Each carries an id, and may be lost or run twice."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from celery import shared_task
from celery.signals import worker_ready

from accounts.verification import lock
from gateway import lost_accounts
from gateway.discord import clients
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


@worker_ready.connect
def warm_up(**_: Any) -> None:
    """Start the event loop and read the addresses, before the first task needs them."""
    event_loop.spawn(clients.current_addresses())


@shared_task(name="gateway.dispatch_account", ignore_result=True)
def dispatch_account(account_id: int) -> None:
    """Send the tasks that may leave now, and book the next run for the pace."""
    faults.guard(Work("dispatch of account", account_id, break_off), _dispatch)


def _dispatch(account_id: int) -> None:
    wait = dispatch.run_lane(account_id)
    if wait is not None and lane.book(account_id, wait):
        again = math.ceil(min(wait, 60.0) * 1000) / 1000
        dispatch_account.apply_async((account_id,), countdown=again, expires=again + 60)


@shared_task(name="gateway.press_cancel", ignore_result=True)
def press_cancel(task_id: int) -> None:
    faults.guard(Work("cancelling task", task_id), cancel.press_cancel)


@shared_task(name="gateway.answer_window", ignore_result=True)
def answer_window(task_id: int) -> None:
    event_loop.spawn(window_answers.answer(task_id))


@shared_task(name="gateway.prepare_task", ignore_result=True)
def prepare_task(task_id: int) -> None:
    event_loop.spawn(prepare.prepare(task_id))


@shared_task(name="gateway.run_errand", ignore_result=True)
def run_errand(errand_id: int) -> None:
    event_loop.spawn(errands.run(errand_id))


@shared_task(name="gateway.attend_verification", ignore_result=True)
def attend_verification(account_id: int) -> None:
    event_loop.spawn(verification.attend(account_id))


@shared_task(name="gateway.ask_account", ignore_result=True)
def ask_account(account_id: int) -> None:
    faults.guard(Work("asking account", account_id, break_off), queries.run_next)


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
    """Start every kind of due work; an error in one kind does not stop the others."""
    for due, start in (
        (accounts_to_dispatch, dispatch_account.delay),
        (cancel.to_press, press_cancel),
        (window_answers.to_answer, answer_window),
        (prepare.unprepared, prepare_task),
        (errands.waiting, run_errand),
        (queries.accounts_to_ask, ask_account.delay),
        (lock.due, attend_verification),
    ):
        faults.step(_start_all, due, start)


def _start_all(due: Callable[[], list[int]], start: Callable[[int], object]) -> None:
    for pk in due():
        start(pk)
