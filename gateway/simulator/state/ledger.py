"""Ledger: records of what happened, for tests to check."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from gateway.simulator.base.wire import Json
from gateway.simulator.state.jobs import ENDED, Job

KEEP = 50_000
KEEP_REQUESTS = 5_000


@dataclass
class InteractionEntry:
    """An interaction request and its outcome."""

    seq: int
    at: float
    account: str
    connected: bool  # the account had an identified session with an open socket
    nonce: str
    type: int
    command: str
    custom_id: str
    prompt: str
    message_id: str | None
    clicked: str | None  # of a submit: id of the click that opened the window
    http_status: int | None
    interaction_id: str | None
    job: str | None


class Ledger:
    """Append-only records, and a way to wait for them."""

    def __init__(self) -> None:
        self._seq = 0
        self.interactions: deque[InteractionEntry] = deque(maxlen=KEEP)
        self.jobs: dict[str, Job] = {}
        self.dispatches: deque[tuple[int, float, str, int, str, str | None]] = deque(
            maxlen=KEEP
        )
        self.violations: deque[Json] = deque(maxlen=KEEP)
        self.acks: deque[Json] = deque(maxlen=KEEP)
        self.requests: deque[Json] = deque(maxlen=KEEP_REQUESTS)
        self.request_count = 0
        self.interaction_count = 0
        self.dispatch_count = 0
        self.states: Counter[str] = Counter()
        self.sessions: Callable[[], int] = lambda: 0
        self._by_interaction: dict[str, InteractionEntry] = {}
        self._waiters: set[asyncio.Future[None]] = set()

    def next_seq(self) -> int:
        self._seq += 1
        return self._seq

    def interaction(self, **values: Any) -> InteractionEntry:
        """Record an interaction request; its last fields may be set later."""
        entry = InteractionEntry(seq=self.next_seq(), at=time.time(), **values)
        if len(self.interactions) == KEEP:
            self._by_interaction.pop(self.interactions[0].interaction_id or "", None)
        self.interactions.append(entry)
        self.interaction_count += 1
        self.changed()
        return entry

    def accepted(self, entry: InteractionEntry, interaction_id: str) -> None:
        entry.interaction_id = interaction_id
        self._by_interaction[interaction_id] = entry

    def job(self, job: Job) -> None:
        """Record a new job."""
        if len(self.jobs) >= KEEP:
            del self.jobs[next(iter(self.jobs))]
        self.jobs[job.uuid] = job
        self.states[job.state] += 1
        entry = self._by_interaction.get(job.interaction_id)
        if entry is not None and entry.job is None:
            entry.job = job.uuid
        self.changed()

    def answered(self, interaction_id: str, job: Job) -> None:
        """Record that an interaction was answered with an existing job."""
        entry = self._by_interaction.get(interaction_id)
        if entry is not None:
            entry.job = job.uuid
        self.changed()

    def move(self, job: Job, state: str) -> None:
        """Set the state of `job`."""
        self.states[job.state] -= 1
        job.state = state
        self.states[state] += 1
        self.changed()

    def dispatch(self, session: str, s: int, t: str, message_id: str | None) -> None:
        self.dispatches.append(
            (self.next_seq(), time.time(), session, s, t, message_id)
        )
        self.dispatch_count += 1
        self.changed()

    def violation(self, kind: str, **facts: Any) -> None:
        """Record a mistake of the client."""
        self.violations.append(
            {"seq": self.next_seq(), "at": time.time(), "kind": kind, **facts}
        )
        self.changed()

    def acknowledged(self, **facts: Any) -> None:
        """Record that a channel was marked as read."""
        self.acks.append({"seq": self.next_seq(), "at": time.time(), **facts})
        self.changed()

    def count_jobs(self, state: str) -> int:
        if state == "any":
            return sum(self.states.values())
        if state == "ended":
            return sum(self.states[name] for name in ENDED)
        return self.states[state]

    def counts(self, state: str) -> dict[str, int]:
        """Return the numbers that `wait` can wait for."""
        return {
            "jobs": self.count_jobs(state),
            "interactions": self.interaction_count,
            "sessions": self.sessions(),
            "requests": self.request_count,
            "dispatches": self.dispatch_count,
            "violations": len(self.violations),
            "acks": len(self.acks),
        }

    def changed(self) -> None:
        """Wake all callers of `wait`."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    async def wait(
        self, wanted: dict[str, int], *, state: str, seconds: float
    ) -> tuple[bool, dict[str, int]]:
        """Wait until each count is at least as wanted.

        Returns whether it was reached within `seconds`, and the counts.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while True:
            counts = self.counts(state)
            if all(counts[name] >= number for name, number in wanted.items()):
                return True, counts
            waiter: asyncio.Future[None] = loop.create_future()
            self._waiters.add(waiter)
            done, _ = await asyncio.wait({waiter}, timeout=deadline - loop.time())
            self._waiters.discard(waiter)
            if not done:
                return False, self.counts(state)

    def report(self, *, since: int, wanted: set[str]) -> Json:
        """Return the records after the number `since`.

        `wanted` names the parts; if it is empty, all are returned.
        """
        parts: dict[str, Callable[[], Any]] = {
            "interactions": lambda: [
                asdict(entry) for entry in self.interactions if entry.seq > since
            ],
            "jobs": lambda: [job.as_dict() for job in self.jobs.values()],
            "dispatches": lambda: [
                dict(zip(("seq", "at", "session", "s", "t", "id"), row, strict=True))
                for row in self.dispatches
                if row[0] > since
            ],
            "violations": lambda: [v for v in self.violations if v["seq"] > since],
            "acks": lambda: [ack for ack in self.acks if ack["seq"] > since],
            "requests": lambda: self.request_count,
            "states": lambda: {k: v for k, v in self.states.items() if v},
            "seq": lambda: self._seq,
        }
        return {
            name: part() for name, part in parts.items() if not wanted or name in wanted
        }
