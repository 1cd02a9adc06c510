"""However events are cut into batches, the rows are those of one event at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import DiscordAccount, User
from gateway.events.handlers import Recipient
from gateway.events.open_tasks import OpenTasks
from gateway.protocol.constants import Event
from gateway.sockets.batches import Arrivals, Result, handle_all
from gateway.sockets.inbox import Entry, Inbox
from gateway.sockets.parked_events import Parked
from tasks.models import Task
from tests.gateway import wire
from tests.gateway.rows import make_running, make_session
from tests.gateway.wire import CHANNEL, US

pytestmark = pytest.mark.django_db(transaction=True)

TASKS = 3
PROMPTS = ("a tin robot", "a tin robot", "a glass horse")  # two of one prompt
Events = list[tuple[str, dict[str, Any]]]
# An event whose handling raises, so that its batch is undone.
ODD = (Event.MESSAGE_DELETE, {"ids": 5, "channel_id": CHANNEL})

# Count the moves, which depend on the cut.
COUNTS = {"revision", "hook_revision"}


def life(number: int, nonce: str) -> Events:
    """The events of a drawing, in order."""
    click, message, result = (f"13111111111111{number}300{n}" for n in range(3))
    job = f"0d5c1c86-53a7-4a41-bb0a-1f0f5ad1a5c{number}"
    answer = wire.answers(click)
    prompt = PROMPTS[number]
    named = answer if number == 2 else {}  # the others are known by their job

    def progress(percent: int, job: str = "") -> dict[str, Any]:
        return wire.progress(message, percent, prompt=prompt, job=job, **answer)

    return [
        (Event.INTERACTION_CREATE, {"id": click, "nonce": nonce}),
        (
            Event.MESSAGE_CREATE,
            wire.start(message, prompt=prompt, nonce=nonce, **answer),
        ),
        (Event.INTERACTION_SUCCESS, {"id": click, "nonce": nonce}),
        (Event.MESSAGE_UPDATE, progress(0)),
        (Event.MESSAGE_UPDATE, progress(31, job)),
        (Event.MESSAGE_UPDATE, progress(62, job)),
        (Event.MESSAGE_UPDATE, progress(93, job)),
        (Event.MESSAGE_CREATE, wire.final(result, prompt=prompt, job=job, **named)),
        (Event.MESSAGE_DELETE, {"id": message, "channel_id": CHANNEL}),
    ]


@st.composite
def interleavings(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Events of all lives as (task, number): in order, or with some out of order."""
    order = draw(st.permutations([n for n in range(TASKS) for _ in range(9)]))
    counts = dict.fromkeys(range(TASKS), 0)
    steps = []
    for task in order:
        steps.append((task, counts[task]))
        counts[task] += 1
    for _ in range(draw(st.integers(0, 6))):  # moved, doubled or lost
        at = draw(st.integers(0, len(steps) - 1))
        to = draw(st.integers(0, len(steps) - 1))
        steps.insert(to, steps[at] if draw(st.booleans()) else steps.pop(at))
        if draw(st.integers(0, 3)) == 0:
            steps.pop()
    return steps


class Reading:
    """An account's connection, as far as it keeps anything between events."""

    def __init__(self, account: DiscordAccount) -> None:
        channels, self.memory = frozenset({CHANNEL}), OpenTasks()
        self.recipient = Recipient(account.pk, US, channels, self.memory)
        self.parked = Parked()

    def handle(self, events: Sequence[tuple[str, Any]]) -> None:
        found = Arrivals(self.recipient, 1, events, Result(self.parked))
        handle_all([found])
        assert len(found.result.lost) == sum(event == ODD for event in events)
        self.parked = found.result.parked


@pytest.fixture
def tasks(alice: User, account: DiscordAccount) -> list[Task]:
    make_session(account)
    return [make_running(alice, account, prompt=prompt) for prompt in PROMPTS]


def rows() -> list[dict[str, Any]]:
    """Return all tasks without times and counts of changes."""
    return [
        {k: v for k, v in row.items() if k not in COUNTS and not k.endswith("_at")}
        for row in Task.objects.order_by("pk").values()
    ]


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    steps=interleavings(),
    cuts=st.sets(st.integers(1, 3 * 9 - 1)),
    breaks=st.sets(st.integers(1, 3 * 9), max_size=5),
)
def test_any_cut_gives_the_same_rows(
    account: DiscordAccount,
    tasks: list[Task],
    steps: list[tuple[int, int]],
    cuts: set[int],
    breaks: set[int],
) -> None:
    lives = [life(n, task.nonce or "") for n, task in enumerate(tasks)]
    events = [lives[task][number] for task, number in steps]

    one_by_one = after(lambda: each_alone(account, events))
    together = after(lambda: in_batches(account, events, cuts, breaks))

    assert together == one_by_one


def after(doing: Any) -> list[dict[str, Any]]:
    """Return the rows after `doing`, which is undone."""
    with transaction.atomic():
        doing()
        found = rows()
        transaction.set_rollback(True)
    return found


def each_alone(account: DiscordAccount, events: Events) -> None:
    reading = Reading(account)
    for event in events:
        reading.handle([event])
        reading.recipient = Reading(account).recipient  # nothing is remembered


def in_batches(
    account: DiscordAccount, events: Events, cuts: set[int], breaks: set[int]
) -> None:
    """Handle events as they come out of an inbox; some of the batches are undone."""
    reading, inbox = Reading(account), Inbox()
    for number, (event, data) in enumerate(events, start=1):
        inbox.put(number, event, data)
        if number in cuts | breaks or number == len(events):
            batch = [(event, data) for _, event, data in all_of(inbox)]
            if number in breaks:
                batch.append(ODD)
            reading.handle(batch)


def all_of(inbox: Inbox) -> list[Entry]:
    """Return what `Inbox.next` returns, without an event loop."""
    step = inbox.next()
    try:
        step.send(None)
    except StopIteration as found:
        entries: list[Entry] = found.value
        return entries
    raise AssertionError("the inbox waits")
