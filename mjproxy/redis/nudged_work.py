"""Work that nudges ask for: in the event loop, or in a few threads."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from django.db import close_old_connections

from mjproxy.lib.db import clock
from mjproxy.lib.process import event_loop
from mjproxy.lib.process.nudge_handlers import Handler, at_end, handlers
from mjproxy.lib.process.watchdog import watch

logger = logging.getLogger(__name__)

THREADS: Final = "nudged work"  # name of these threads in the watchdog
IN_LOOP: Final = 64  # nudges that may wait for the event loop


@dataclass(eq=False)
class Run:
    """One call of a handler, from its nudge to its end."""

    handler: Handler
    argument: Any
    members: tuple[str, ...]  # the nudges that ask for it
    task: asyncio.Task[None] | None = None  # the loop itself holds no strong reference
    has_room: bool = False  # it counts among those that others have to wait for

    def __str__(self) -> str:
        return "work for nudge " + ", ".join(self.members[:10])


class NudgedWork:
    """Calls of handlers in this process: those that wait for a thread, and that run."""

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=THREADS)
        self._room = {False: threads, True: IN_LOOP}  # in threads, in the loop
        self._open: set[Run] = set()  # handed over and not ended
        self._left: set[Run] = set()  # not begun when this process ended
        self._waiting: set[tuple[str, ...]] = set()  # for a thread
        self._unknown: set[str] = set()
        self._changing = threading.Condition()
        self._is_over = False
        watch.require(THREADS, self._pool.submit)

    def room(self, patience: float, *, in_loop: bool) -> int:
        """Wait until there is room for a nudge; return for how many there is.

        0 after `patience` seconds. In the loop a single row has room again as soon as
        its work has begun: that work limits itself, and may take long. Work for many
        rows has ended when it has looked at them.
        """
        with self._changing:
            self._changing.wait_for(lambda: self._room[in_loop] > 0, patience)
            return max(0, self._room[in_loop])

    def start(self, members: Iterable[str]) -> None:
        """Start the work that these nudges name. Raises nothing, waits for nothing."""
        in_loop: list[Run] = []
        for run in self._runs(members):
            if run.handler.is_async:
                in_loop.append(run)
            else:
                self._give_thread(run)
        if in_loop:
            with self._changing:
                for run in in_loop:
                    self._add(run)
            event_loop.loop().call_soon_threadsafe(self._start_in_loop, in_loop)

    def end(self, patience: float) -> set[str]:
        """Start nothing more, wait `patience` seconds at most for what runs.

        Returns the nudges whose work has not ended.
        """
        with self._changing:
            self._is_over = True
            self._changing.wait_for(lambda: not self._open, patience)
            return {each for run in self._open | self._left for each in run.members}

    def finish(self, patience: float) -> None:
        """Let the apps finish what their work has left in the loop (`on_end`)."""
        for function in at_end:
            try:
                event_loop.run(function(), timeout=patience)
            except Exception as exc:
                logger.warning("%s: not finished: %r", function.__name__, exc)

    def _runs(self, members: Iterable[str]) -> Iterator[Run]:
        together: dict[str, list[int]] = {}
        for member in members:
            job, _, pk = member.rpartition(":")
            handler = handlers.get(job)
            if handler is None or not pk.isdecimal():
                self._ignore(job, member)
            elif handler.takes_many:
                together.setdefault(job, []).append(int(pk))
            else:
                yield Run(handler, int(pk), (member,))
        for job, ids in together.items():
            yield Run(handlers[job], ids, tuple(f"{job}:{pk}" for pk in ids))

    def _ignore(self, job: str, member: str) -> None:
        if job not in self._unknown:
            self._unknown.add(job)
            logger.warning("nudge %r is for no job of this version: ignored", member)

    # --- in threads ------------------------------------------------------------------

    def _give_thread(self, run: Run) -> None:
        with self._changing:
            if run.members in self._waiting:
                return  # that call has not begun, so it sees the same rows
            self._waiting.add(run.members)
            self._add(run)
        self._pool.submit(self._run_in_thread, run)

    def _run_in_thread(self, run: Run) -> None:
        with self._changing:
            self._waiting.discard(run.members)
            if is_over := self._is_over:
                self._left.add(run)
        if not is_over:
            self._do(run)
        self._done(run)

    def _do(self, run: Run) -> None:
        try:
            close_old_connections()
            # As before each job of Celery: the machine may have slept.
            if clock.is_right():
                run.handler.function(run.argument)
        except Exception as exc:
            logger.error("%s: failed", run, exc_info=exc)
        finally:
            close_old_connections()
            watch.moved(THREADS)

    # --- in the loop -----------------------------------------------------------------

    def _start_in_loop(self, runs: list[Run]) -> None:
        for run in runs:
            run.task = asyncio.create_task(self._run_in_loop(run))
            if not run.handler.takes_many:
                self._make_room(run)

    async def _run_in_loop(self, run: Run) -> None:
        try:
            await run.handler.function(run.argument)
        except Exception as exc:
            logger.error("%s: failed", run, exc_info=exc)
        finally:
            self._done(run)

    # --- what is open ----------------------------------------------------------------

    def _add(self, run: Run) -> None:
        self._open.add(run)
        self._room[run.handler.is_async] -= len(run.members)
        run.has_room = True

    def _make_room(self, run: Run) -> None:
        with self._changing:
            if run.has_room:
                self._room[run.handler.is_async] += len(run.members)
                run.has_room = False
            self._changing.notify_all()

    def _done(self, run: Run) -> None:
        with self._changing:
            self._open.discard(run)
        self._make_room(run)
