"""Keep the processes of one machine running, until told to stop.

Plain Python in one thread, without Django: it costs a few megabytes, and the signal
that a child gets at its parent's death is bound to the thread that made the child.
`manage.py up` prepares everything, writes a plan into a pipe and becomes this program.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from mjproxy.lib.process.watchdog import notify
from mjproxy.run.child import STOPPING, Child
from mjproxy.run.notify_socket import NotifySocket
from mjproxy.run.output import output
from mjproxy.run.plan import Plan
from mjproxy.run.probe import Probe
from mjproxy.run.rolling_restart import RollingRestart

# Roles of one line end together. web ends after those that work: until then it takes
# requests, whose rows wait for the next start.
STOP_ORDER: Final = (
    ("gateway", "worker", "beat"),
    ("web",),
    ("simulator",),
    ("valkey",),
)
RESTART_ALL: Final = signal.SIGUSR1
LONGEST_POLL: Final = 1.0  # seconds between two looks at the children
# After sleeping this long we cannot know whether others were silent.
OWN_SLEEP: Final = 5.0


class Supervisor:
    """Start all programs, restart those that end or hang, stop all in order."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.selector = selectors.DefaultSelector()
        self.notify_socket = NotifySocket(self.selector, self._note_report)
        self.children = [Child(program, self.selector) for program in plan.programs]
        self.rolling_restart = RollingRestart(self.children, self.start)
        self.probe = Probe(plan, self.selector)
        self.requests_to_stop = 0
        self._polled_at = time.monotonic()

    def run(self) -> None:
        self._listen_to_signals()
        while not self.requests_to_stop:
            now = time.monotonic()
            for child in self.children:
                if not child.alive and child.due <= now:
                    self.start(child, now)
            if not self.probe.healthy and self.probe.due <= now:
                self.probe.ask(now)
            self._poll(self._until_due())
            self._check_children()
            self.rolling_restart.step(time.monotonic())
            self._announce()
        self.stop()

    def start(self, child: Child, now: float) -> None:
        told = {}
        if child.program.is_watched and self.notify_socket.address:
            told["NOTIFY_SOCKET"] = self.notify_socket.address
            told["WATCHDOG_USEC"] = str(int(self.plan.silence * 1e6))
        child.start(now, told)

    def stop(self) -> None:
        notify("STOPPING=1")
        output.line("mjproxy is stopping")
        children = sorted(self.rolling_restart.all_children(), key=_stop_rank)
        for _, together in groupby(children, key=_stop_rank):
            self._stop_together(list(together))
        output.line("mjproxy has stopped")

    def _stop_together(self, children: list[Child]) -> None:
        began = time.monotonic()
        for child in children:
            child.signal(signal.SIGTERM)
        for child in children:
            self._await_end(child, began + child.program.grace)

    def _await_end(self, child: Child, deadline: float) -> None:
        killed = False
        while child.alive:
            left = deadline - time.monotonic()
            # A second Ctrl-C ends the waiting, but keeps the order.
            if not killed and (left <= 0 or self.requests_to_stop > 1):
                output.line(f"{child.role} is killed: it did not stop in time")
                child.signal(signal.SIGKILL)
                killed = True
            self._poll(0.5 if killed else min(left, 0.5))

    def _poll(self, timeout: float) -> None:
        for key, _ in self.selector.select(max(timeout, 0)):
            key.data()
        now = time.monotonic()
        for child in self.rolling_restart.all_children():
            ending = child.reap(now)
            if ending and not self.requests_to_stop:
                self._log_ending(child, ending, now)

    def _log_ending(self, child: Child, ending: str, now: float) -> None:
        if child in self.children:
            ending = f"{ending}; starts again in {child.due - now:.1f} s"
        output.line(ending)

    def _until_due(self) -> float:
        dues = [child.due for child in self.children if not child.alive]
        if not self.probe.healthy:
            dues.append(self.probe.due)
        now = time.monotonic()
        return min([*dues, now + LONGEST_POLL]) - now

    # --- hung processes --------------------------------------------------------------

    def _note_report(self, pid: int, words: set[str]) -> None:
        for child in self.rolling_restart.all_children():
            if child.process and child.process.pid == pid:
                child.note_report(words, time.monotonic())

    def _check_children(self) -> None:
        now = time.monotonic()
        slept, self._polled_at = now - self._polled_at > OWN_SLEEP, now
        notify("WATCHDOG=1")
        for child in self.rolling_restart.all_children():
            child.kill_if_late(now)
            if slept:
                child.heard = now
            elif self.notify_socket.address and child.hung_at(self.plan.silence) <= now:
                child.abort(now)

    def _announce(self) -> None:
        if self.probe.healthy and self.plan.when_ready:
            for line in self.plan.when_ready:
                output.line(line)
            self.plan.when_ready.clear()
            notify("READY=1")

    # --- signals ---------------------------------------------------------------------

    def _listen_to_signals(self) -> None:
        # Each signal writes a byte, which ends the wait in `select`.
        reader, writer = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        self.selector.register(reader, selectors.EVENT_READ, lambda: reader.recv(4096))
        self._keep = (reader, writer)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        blockable = (*STOPPING, signal.SIGCHLD, signal.SIGHUP, RESTART_ALL)
        signal.signal(RESTART_ALL, lambda *_: self.rolling_restart.request())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, blockable)
        for number in STOPPING:
            signal.signal(number, self._ask_to_stop)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # ignored under nohup
            signal.signal(signal.SIGHUP, self._ask_to_stop)

    def _ask_to_stop(self, *_: Any) -> None:
        self.requests_to_stop += 1
        output.patience = 1.0


def _stop_rank(child: Child) -> int:
    ranks = {role: n for n, roles in enumerate(STOP_ORDER) for role in roles}
    return ranks.get(child.role, -1)


def exec_supervisor(plan: Plan, *, keep: Sequence[int] = ()) -> None:
    """Replace this process by the supervisor; descriptors in `keep` stay open."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as pipe:
        pipe.write(plan.dump())
    for descriptor in (reader, *keep, *plan.descriptors):
        os.set_inheritable(descriptor, True)
    root = str(Path(__file__).resolve().parents[2])
    env = os.environ | {"PYTHONPATH": _with_root(root)}
    sys.stdout.flush()
    sys.stderr.flush()
    argv = [sys.executable, "-m", "mjproxy.run.supervisor", str(reader)]
    os.execve(sys.executable, argv, env)  # noqa: S606


def _with_root(root: str) -> str:
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return os.pathsep.join([root, *(path for path in paths if path and path != root)])


def main() -> None:
    with os.fdopen(int(sys.argv[1]), "rb") as pipe:
        plan = Plan.load(pipe.read())
    Supervisor(plan).run()


if __name__ == "__main__":
    main()
