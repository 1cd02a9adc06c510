"""Keep the processes of one machine running, until told to stop.

Plain Python in one thread, without Django: it costs a few megabytes, and the signal
that a child gets at its parent's death is bound to the thread that made the child.
`manage.py up` prepares everything, writes a plan into a pipe and becomes this program.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import math
import os
import select
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mjproxy.damaged import set_aside

STOP_ORDER: Final = ("web", "gateway", "worker", "beat", "simulator", "valkey")
GRACE: Final = 8.0  # seconds between SIGTERM and SIGKILL
FIRST_PAUSE: Final = 0.2
LONGEST_PAUSE: Final = 10.0
STEADY: Final = 30.0  # a child that lived so long starts again at once
PROBE_EVERY: Final = 0.2
LONGEST_LINE: Final = 1 << 20
_PR_SET_PDEATHSIG: Final = 1
_STOPPING: Final = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True)
class Program:
    """What to run, and the name of its role."""

    role: str
    argv: Sequence[str]
    env: dict[str, str] = field(default_factory=dict)
    state: str = ""  # a folder that may be emptied where it keeps it from starting


@dataclass(frozen=True)
class Plan:
    """All that the supervisor is told."""

    programs: list[Program]
    host: str
    port: int
    when_ready: list[str] = field(default_factory=list)

    def dump(self) -> bytes:
        programs = [vars(program) for program in self.programs]
        return json.dumps({**vars(self), "programs": programs}).encode()

    @staticmethod
    def load(data: bytes) -> Plan:
        values: dict[str, Any] = json.loads(data)
        programs = [Program(**program) for program in values.pop("programs")]
        return Plan(programs=programs, **values)


class Output:
    """Our standard output: lossless, yet no reader can keep us from stopping."""

    def __init__(self, descriptor: int = 1) -> None:
        self.descriptor = descriptor
        self.patience = math.inf  # seconds that a full pipe may still hold us up
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)

    def line(self, text: str) -> None:
        data = memoryview(f"{text}\n".encode())
        # Up to PIPE_BUF bytes never block where poll says that there is room.
        while data and self._has_room():
            try:
                data = data[os.write(self.descriptor, data[: select.PIPE_BUF]) :]
            except OSError:
                return  # the reader has gone

    def _has_room(self) -> bool:
        while not self._poll.poll(min(self.patience, 0.2) * 1000):
            if self.patience <= 0:
                return False
            self.patience = max(self.patience - 0.2, 0.0)
        return True


output = Output()


def die_with_parent(parent: int) -> Callable[[], None]:
    """Return what a child does before exec, so that it never outlives `parent`.

    It also hears the signals that stop it, even if whoever started us had them ignored
    or blocked, as shells and schedulers do. SIGHUP stays as it is: that is nohup's.
    """
    linux = sys.platform.startswith("linux")
    prctl = ctypes.CDLL(None, use_errno=True).prctl if linux else None

    def prepare() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
        for number in _STOPPING:
            signal.signal(number, signal.SIG_DFL)
        if prctl is None:
            return
        prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
        if os.getppid() != parent:  # it died before the line above
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
        self._is_emptied = False  # its state, since it last ran for long
        self._source = -1  # the descriptor that its output comes from
        self._rest = b""

    @property
    def role(self) -> str:
        return self.program.role

    @property
    def alive(self) -> bool:
        return self.process is not None

    def start(self, now: float) -> None:
        self.started = now
        try:
            self.process = subprocess.Popen(
                list(self.program.argv),
                env=os.environ | self.program.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                bufsize=0,
                # A group of its own: Ctrl-C reaches the supervisor alone, which then
                # stops the children in order.
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
            self.selector.register(self._source, selectors.EVENT_READ, self.pump)

    def reap(self, now: float) -> str:
        """Return how the process ended, or "" while it runs."""
        if self.process is None or (code := self.process.poll()) is None:
            return ""
        lived = now - self.started
        self._close_source(self.process)
        pid, self.process = self.process.pid, None
        if lived >= STEADY:
            self.pause, self._is_emptied = FIRST_PAUSE, False
        elif code > 0:
            self._empty_state()
        self._again_later(now)
        how = f"signal {-code}" if code < 0 else f"code {code}"
        return f"{self.role} (process {pid}) ended with {how} after {lived:.1f} s"

    def _empty_state(self) -> None:
        """Set aside the files that keep a program from starting, once."""
        if self.program.state and not self._is_emptied:
            self._is_emptied = True
            if done := set_aside(Path(self.program.state)):
                output.line(f"{self.prefix}ERROR {done}")

    def pump(self) -> None:
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

    def signal(self, number: int) -> None:
        if self.process is not None:
            self.process.send_signal(number)

    def _again_later(self, now: float) -> None:
        self.due = now + self.pause
        self.pause = min(self.pause * 2, LONGEST_PAUSE)

    def _close_source(self, process: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(KeyError):
            self.pump()
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


class Probe:
    """Ask for GET /healthz again and again, until it answers 200."""

    def __init__(self, plan: Plan, selector: selectors.BaseSelector) -> None:
        self.place = (reachable(plan.host), plan.port)
        self.request = (
            b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        )
        self.selector = selector
        self.due = 0.0
        self.healthy = False
        self._socket: socket.socket | None = None
        self._patience = 0.0  # until when the open question may go unanswered

    def ask(self, now: float) -> None:
        self.due = now + PROBE_EVERY
        if self._socket and now < self._patience:
            return
        self._close()
        try:
            line = socket.create_connection(self.place, timeout=0.2)
            line.sendall(self.request)
        except OSError:
            return
        self._socket, self._patience = line, now + 10.0
        self.selector.register(line, selectors.EVENT_READ, self._read)

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            answer = self._socket.recv(64) if self._socket else b""
            self.healthy = answer.split(b" ")[1:2] == [b"200"]
        self._close()

    def _close(self) -> None:
        if self._socket:
            self.selector.unregister(self._socket)
            self._socket.close()
            self._socket = None


class Supervisor:
    """Start all, start again what ends, stop all in order."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.selector = selectors.DefaultSelector()
        self.children = [Child(program, self.selector) for program in plan.programs]
        self.probe = Probe(plan, self.selector)
        self.requests_to_stop = 0

    def run(self) -> None:
        self._listen_to_signals()
        while not self.requests_to_stop:
            now = time.monotonic()
            for child in self.children:
                if not child.alive and child.due <= now:
                    child.start(now)
            if not self.probe.healthy and self.probe.due <= now:
                self.probe.ask(now)
            self._turn(self._until_due())
            self._announce()
        self.stop()

    def stop(self) -> None:
        output.line("mjproxy is stopping")
        for child in sorted(self.children, key=_stop_rank):
            child.signal(signal.SIGTERM)
            self._await_end(child, time.monotonic() + GRACE)
        output.line("mjproxy has stopped")

    def _await_end(self, child: Child, deadline: float) -> None:
        killed = False
        while child.alive:
            left = deadline - time.monotonic()
            # A second Ctrl-C ends the patience, not the order.
            if not killed and (left <= 0 or self.requests_to_stop > 1):
                output.line(f"{child.role} is killed: it did not stop in time")
                child.signal(signal.SIGKILL)
                killed = True
            self._turn(0.5 if killed else min(left, 0.5))

    def _turn(self, timeout: float) -> None:
        for key, _ in self.selector.select(max(timeout, 0)):
            key.data()
        now = time.monotonic()
        for child in self.children:
            if (ending := child.reap(now)) and not self.requests_to_stop:
                output.line(f"{ending}; starts again in {child.due - now:.1f} s")

    def _until_due(self) -> float:
        dues = [child.due for child in self.children if not child.alive]
        if not self.probe.healthy:
            dues.append(self.probe.due)
        return min(dues, default=time.monotonic() + 60.0) - time.monotonic()

    def _announce(self) -> None:
        if self.probe.healthy and self.plan.when_ready:
            for line in self.plan.when_ready:
                output.line(line)
            self.plan.when_ready.clear()

    def _listen_to_signals(self) -> None:
        # Each signal writes a byte, which ends the wait in `select`.
        reader, writer = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        self.selector.register(reader, selectors.EVENT_READ, lambda: reader.recv(4096))
        self._keep = (reader, writer)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        blockable = (*_STOPPING, signal.SIGCHLD, signal.SIGHUP)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, blockable)
        for number in _STOPPING:
            signal.signal(number, self._ask_to_stop)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # under nohup it is
            signal.signal(signal.SIGHUP, self._ask_to_stop)

    def _ask_to_stop(self, *_: Any) -> None:
        self.requests_to_stop += 1
        output.patience = 1.0


def _stop_rank(child: Child) -> int:
    return STOP_ORDER.index(child.role) if child.role in STOP_ORDER else -1


def reachable(host: str) -> str:
    """Return where a server that listens on `host` answers on this machine."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def become(plan: Plan, *, keep: Sequence[int] = ()) -> None:
    """Replace this process by the supervisor; descriptors in `keep` stay open."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as pipe:
        pipe.write(plan.dump())
    for descriptor in (reader, *keep):
        os.set_inheritable(descriptor, True)
    root = str(Path(__file__).resolve().parent.parent)
    env = os.environ | {"PYTHONPATH": _with_root(root)}
    sys.stdout.flush()
    sys.stderr.flush()
    argv = [sys.executable, "-m", "mjproxy.supervisor", str(reader)]
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
