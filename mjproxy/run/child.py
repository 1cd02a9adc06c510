"""One child process of the supervisor, and its output."""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import resource
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from mjproxy.lib.process.damaged_files import set_aside
from mjproxy.run.output import output
from mjproxy.run.plan import Program

FIRST_PAUSE: Final = 0.2
LONGEST_PAUSE: Final = 10.0
STEADY: Final = 30.0  # a child that ran this long is restarted at once
LONGEST_LINE: Final = 1 << 20
STOPPING: Final = (signal.SIGTERM, signal.SIGINT)
ABORT_GRACE: Final = 3.0  # seconds to write the stacks of all threads
_PR_SET_PDEATHSIG: Final = 1
# Environment variables that are meant for us and not for our children.
_OURS: Final = {
    *("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"),
    *("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"),
}


def _without_ours() -> dict[str, str]:
    return {name: text for name, text in os.environ.items() if name not in _OURS}


def die_with_parent(parent: int) -> Callable[[], None]:
    """Return a function for the child to call before exec, so that it ends with
    `parent`.

    It also restores the signals that stop it: shells and schedulers may have ignored or
    blocked them. SIGHUP stays as it is, for nohup. It writes no core file, which would
    hold every secret.
    """
    linux = sys.platform.startswith("linux")
    prctl = ctypes.CDLL(None, use_errno=True).prctl if linux else None

    def prepare() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (*STOPPING, signal.SIGABRT))
        for number in STOPPING:
            signal.signal(number, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if prctl is None:
            return
        prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
        if os.getppid() != parent:  # the parent died before the line above
            os._exit(1)

    return prepare


class Child:
    """One program: its process, its output, and the pause before its next start."""

    def __init__(
        self, program: Program, selector: selectors.BaseSelector, width: int = 7
    ) -> None:
        self.program = program
        self.selector = selector
        self.prefix = f"{program.role:<{width}} | "
        self.process: subprocess.Popen[bytes] | None = None
        self.due = 0.0  # when to start again
        self.pause = FIRST_PAUSE
        self.started = 0.0
        self.heard = 0.0  # time of its last sign of life
        self.is_ready = False  # it has reported READY
        self.kill_at = math.inf  # when the time after SIGTERM or SIGABRT ends
        self.is_stopping = False  # it was told to end, in order to be restarted
        self._is_emptied = False  # its state was set aside since it last ran for long
        self._source = -1  # the descriptor that its output comes from
        self._rest = b""

    @property
    def role(self) -> str:
        return self.program.role

    @property
    def alive(self) -> bool:
        return self.process is not None

    def start(self, now: float, told: dict[str, str] | None = None) -> None:
        """Start the process; `told` is added to its environment."""
        self.started = self.heard = now
        self.is_ready, self.kill_at, self.is_stopping = False, math.inf, False
        try:
            self.process = subprocess.Popen(
                list(self.program.argv),
                env=_without_ours() | self.program.env | (told or {}),
                pass_fds=self.program.descriptors,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                bufsize=0,
                # A process group of its own: Ctrl-C reaches the supervisor alone, which
                # then stops the children in order.
                process_group=0,
                preexec_fn=die_with_parent(os.getpid()),
            )
        except (OSError, subprocess.SubprocessError) as exc:
            output.line(f"{self.prefix}cannot start: {exc}")
            self._again_later(now)
            return
        if self.process.stdout:
            self._source = self.process.stdout.fileno()
            os.set_blocking(self._source, False)
            self.selector.register(
                self._source, selectors.EVENT_READ, self.forward_output
            )

    def reap(self, now: float) -> str:
        """Return how the process ended; "" while it runs."""
        if self.process is None or (code := self.process.poll()) is None:
            return ""
        lived = now - self.started
        self._close_source(self.process)
        pid, self.process = self.process.pid, None
        if lived >= STEADY or self.is_stopping or (self.is_ready and code == 0):
            self.pause, self._is_emptied = FIRST_PAUSE, False
        elif code > 0:
            self._empty_state()
        self._again_later(now)
        how = f"signal {-code}" if code < 0 else f"code {code}"
        return f"{self.role} (process {pid}) ended with {how} after {lived:.1f} s"

    def _empty_state(self) -> None:
        """Set aside, once, the files that keep a program from starting."""
        if self.program.state and not self._is_emptied:
            self._is_emptied = True
            if done := set_aside(Path(self.program.state)):
                output.line(f"{self.prefix}ERROR {done}")

    def _again_later(self, now: float) -> None:
        self.due = now + self.pause
        self.pause = min(self.pause * 2, LONGEST_PAUSE)

    def signal(self, number: int) -> None:
        if self.process is not None:
            self.process.send_signal(number)

    def terminate(self, now: float) -> None:
        """Send SIGTERM now; `kill_if_late` sends SIGKILL later."""
        self.is_stopping = True
        self.signal(signal.SIGTERM)
        self.kill_at = now + self.program.grace

    def kill_if_late(self, now: float) -> None:
        """Kill the process if it did not end in time."""
        if self.alive and self.kill_at <= now:
            output.line(f"{self.role} is killed: it did not stop in time")
            self.signal(signal.SIGKILL)
            self.kill_at, self.heard = math.inf, now  # its end needs a moment

    # --- signs of life ---------------------------------------------------------------

    def note_report(self, words: set[str], now: float) -> None:
        """Record a report of the process."""
        self.heard = now
        self.is_ready |= "READY=1" in words

    def hung_at(self, silence: float) -> float:
        """Return the time at which the process counts as hung; inf if there is none."""
        is_judged = self.alive and self.program.is_watched and self.kill_at == math.inf
        return self.heard + silence if is_judged else math.inf

    def abort(self, now: float) -> None:
        """End a hung process; the stacks of its threads go into the log."""
        pid = self.process.pid if self.process else 0
        silent = f"{self.role} (process {pid}) was silent for {now - self.heard:.0f} s"
        output.line(f"ERROR {silent}: it is ended; the stacks of its threads follow")
        self.signal(signal.SIGABRT)
        self.kill_at = now + ABORT_GRACE

    # --- its output ------------------------------------------------------------------

    def forward_output(self) -> None:
        """Pass on what the process has written."""
        while True:
            try:
                data = os.read(self._source, 1 << 16)
            except BlockingIOError:
                return
            if not data:
                self.selector.unregister(self._source)
                return
            *lines, self._rest = (self._rest + data).split(b"\n")
            if len(self._rest) > LONGEST_LINE:
                lines, self._rest = [*lines, self._rest], b""
            self._pass_on(lines)

    def _close_source(self, process: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(KeyError):
            self.forward_output()
            self.selector.unregister(self._source)
        if self._rest:
            self._pass_on([self._rest])
            self._rest = b""
        if process.stdout:
            process.stdout.close()

    def _pass_on(self, lines: list[bytes]) -> None:
        if lines:
            text = (self.prefix + line.decode(errors="replace") for line in lines)
            output.line("\n".join(text))
