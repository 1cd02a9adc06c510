"""Several couriers and changes at once: one call for a task, in order, the end last."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import pytest
from django.db import connection

from tasks.enums import TaskStatus
from tasks.models import Task, WebhookDelivery
from tasks.services import advance, fail
from tasks.webhooks import states
from tasks.webhooks.posting import Call, Outcome
from tests.factories import make_task, make_user

TASKS = 12
STEPS = 6
PATIENCE = 50.0  # seconds after which a thread counts as stuck


@dataclass
class Receiver:
    """Notes which calls were open at once, and what each task was told."""

    open: set[int] = field(default_factory=set)
    twice: set[int] = field(default_factory=set)
    told: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, calls: Sequence[Call]) -> None:
        with self.lock:
            ids = {call.task_id for call in calls}
            self.twice |= self.open & ids
            self.open |= ids
            for call in calls:
                self.told[call.task_id].append(call.revision)

    def end(self, calls: Sequence[Call]) -> None:
        with self.lock:
            self.open -= {call.task_id for call in calls}


def run_all(*work: Callable[[], None]) -> None:
    """Run functions in threads at once; raise the first error."""
    errors: list[BaseException] = []

    def run(function: Callable[[], None]) -> None:
        try:
            function()
        except BaseException as exc:
            errors.append(exc)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[each]) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    for error in errors:
        raise error


class Carrier:
    """A courier that claims with one statement and stores its results seldom."""

    def __init__(self) -> None:
        self.told: dict[int, states.Done] = {}

    def claim(self, ids: Sequence[int]) -> list[Call]:
        told = {pk: done for pk, done in self.told.items() if not done[0].is_final}
        calls, _ = states.claim_at_once(ids, told, lambda task: True)
        for call in calls:
            self.told.pop(call.task_id, None)
        return calls

    def settle(self, done: Sequence[states.Done]) -> list[int]:
        self.told |= {call.task_id: (call, outcome) for call, outcome in done}
        if done and len(self.told) < TASKS // 2:
            return []
        stored, self.told = list(self.told.values()), {}
        return states.settle_delivered(stored)


class Looker:
    """A courier that looks before it claims, and stores each result at once."""

    def claim(self, ids: Sequence[int]) -> list[Call]:
        return states.claim(states.due(ids))

    def settle(self, done: Sequence[states.Done]) -> list[int]:
        return states.settle_delivered(done)


KINDS: dict[str, list[type[Carrier | Looker]]] = {
    "all look first": [Looker, Looker, Looker],
    "all claim at once": [Carrier, Carrier, Carrier],
    "some of both": [Looker, Carrier, Looker],
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kinds", KINDS)
def test_no_task_is_called_twice_at_once_and_every_end_is_told(kinds: str) -> None:
    if connection.vendor == "mysql" and Carrier in KINDS[kinds]:
        pytest.skip("MariaDB and MySQL return no rows of an UPDATE")
    owner = make_user()
    hook = "http://hook.example/"
    ids = [make_task(owner, notify_hook=hook).pk for _ in range(TASKS)]
    receiver, over = Receiver(), threading.Event()

    def draw() -> None:
        try:
            for pk in ids:
                advance(pk, TaskStatus.SUBMITTED)
            for step in range(STEPS):
                for pk in ids:
                    advance(pk, TaskStatus.IN_PROGRESS, progress=step)
            for pk in ids:
                fail(pk, "no luck")
        finally:
            over.set()

    def carry(courier: Carrier | Looker, mine: Sequence[int]) -> None:
        is_last = False
        while not is_last:
            is_last = over.is_set()  # one round more
            calls = courier.claim(mine)
            receiver.begin(calls)
            receiver.end(calls)
            done = [(call, Outcome(200)) for call in calls]
            is_last = not courier.settle(done) and not calls and is_last

    couriers = [kind() for kind in KINDS[kinds]]
    orders = [ids[n:] + ids[:n] for n in range(len(couriers))]
    each = zip(couriers, orders, strict=True)
    run_all(draw, *(partial(carry, courier, mine) for courier, mine in each))

    assert receiver.twice == set()
    for pk in ids:
        told = receiver.told[pk]
        assert told == sorted(set(told))
        assert told[-1] == 2 + STEPS
    left = Task.objects.exclude(hook_due_at=None, hook_claimed_until=None)
    assert not left.exists()
    assert WebhookDelivery.objects.count() == TASKS
