"""Celery's doors. Each carries an id and may be lost or doubled."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from celery import shared_task
from celery.signals import worker_ready

from accounts.choice.idle_hours import follow_hours
from accounts.state import changes
from accounts.verification import lock
from gateway import lost_accounts
from gateway import sweep as gateway_sweep
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
from mjproxy.lib.process import event_loop, faults
from mjproxy.lib.process.faults import Work


@worker_ready.connect
def warm_up(**_: Any) -> None:
    """Start what the first task would otherwise wait for: the loop, the addresses."""
    event_loop.spawn(clients.current_addresses())


@shared_task(name="gateway.dispatch_account", ignore_result=True)
def dispatch_account(account_id: int) -> None:
    """Send what may be sent for an account, and come back when its pace allows."""
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
    """Have the accounts read whose plan and settings were read long ago."""
    for step in (ask.sync_due, ask.forget_old, lane.forget_unused):
        faults.step(step)


@shared_task(name="gateway.sweep", ignore_result=True)
def sweep() -> None:
    """Find the tasks, and the rested accounts, that nobody nudged."""
    for step in (
        follow_hours,
        changes.resume_due,
        changes.follow_work_hours,
        _nudge,
        lost_accounts.leave_lost_accounts,
        gateway_sweep.end_overdue,
    ):
        faults.step(step)


def _nudge() -> None:
    """Start what is due; what goes wrong with one holds up no other."""
    for due, start in (
        (gateway_sweep.accounts_to_dispatch, dispatch_account.delay),
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
