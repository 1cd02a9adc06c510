"""The supervisor as a process, with small scripts for children."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mjproxy.run.child import LONGEST_LINE
from mjproxy.run.plan import Plan, Program

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 30

TELL_PID = "import os; print('pid', os.getpid(), flush=True); "
WAIT = "import signal; signal.pause()"
OBEY = (
    "import signal, sys\n"
    "def stop(*_): print('bye', flush=True); sys.exit()\n"
    "signal.signal(signal.SIGTERM, stop)\n"
    "print('up', flush=True)\n"
    "while True: signal.pause()\n"
)
STUBBORN = (
    "import signal\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + TELL_PID + "\n"
    "while True: signal.pause()\n"
)
ANSWERING = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    asked = 0
    def do_GET(self):
        Handler.asked += 1
        good = self.path == "/healthz" and Handler.asked > 2
        self.send_response(200 if good else 503)
        self.end_headers()
    def log_message(self, *args):
        print(args[2], flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


class Running:
    """A supervisor, and the lines that it has written."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.seen: list[str] = []

    def await_line(self, wanted: Callable[[str], bool]) -> str:
        for line in self._lines():
            if wanted(line):
                return line
        raise AssertionError(f"no such line among {self.seen}")

    def await_text(self, text: str) -> str:
        return self.await_line(lambda line: text in line)

    def rest(self) -> list[str]:
        return list(self._lines())

    def end(self) -> int:
        return self.process.wait(PATIENCE)

    def _lines(self) -> Iterator[str]:
        assert self.process.stdout
        for raw in self.process.stdout:
            self.seen.append(raw.decode().rstrip("\n"))
            yield self.seen[-1]


@pytest.fixture
def supervise() -> Iterator[Callable[..., Running]]:
    with contextlib.ExitStack() as stack:

        def start(
            *scripts: tuple[str, str],
            port: int = 9,
            ignored: tuple[signal.Signals, ...] = (),
        ) -> Running:
            programs = [
                Program(role, [sys.executable, "-c", script, str(port)])
                for role, script in scripts
            ]
            ready = ["all is ready"]
            plan = Plan(programs, host="127.0.0.1", port=port, when_ready=ready)
            process = _spawn(plan, ignored)
            stack.callback(_kill, process)
            return Running(process)

        yield start


def _spawn(
    plan: Plan, ignored: tuple[signal.Signals, ...] = ()
) -> subprocess.Popen[bytes]:
    """Start it with these signals ignored, and no others, whoever runs the tests."""

    def set_signals() -> None:
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            how = signal.SIG_IGN if number in ignored else signal.SIG_DFL
            signal.signal(number, how)
        signal.pthread_sigmask(signal.SIG_BLOCK, ignored)

    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as pipe:
        pipe.write(plan.dump())
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "mjproxy.run.supervisor", str(reader)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            pass_fds=[reader],
            preexec_fn=set_signals,
        )
    finally:
        os.close(reader)


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()


def await_death(pid: int) -> bool:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], PATIENCE)[0])
    finally:
        os.close(descriptor)


def pid_of(line: str) -> int:
    return int(line.rsplit(" ", 1)[1])


def test_a_plan_survives_the_pipe() -> None:
    plan = Plan([Program("web", ["a", "b"], {"C": "d"})], host="::1", port=1)

    assert Plan.load(plan.dump()) == plan


def test_lines_pass_with_the_role_in_front(supervise: Callable[..., Running]) -> None:
    script = "import sys; print('one\\ntwo'); sys.stderr.write('no end'); sys.exit(3)"

    running = supervise(("web", script))
    ending = running.await_text("ended with code 3")

    assert {"web     | one", "web     | two", "web     | no end"} <= set(running.seen)
    assert ending.startswith("web (process ")


def test_a_very_long_line_passes_whole(supervise: Callable[..., Running]) -> None:
    size = LONGEST_LINE * 2 + 5
    running = supervise(("web", f"print('x' * {size}); " + WAIT))

    found = 0
    while found < size:
        found += running.await_text("xxx").count("x")

    assert found == size


def test_a_child_that_dies_starts_again_ever_later(
    supervise: Callable[..., Running],
) -> None:
    running = supervise(("worker", TELL_PID))

    pids = {pid_of(running.await_text("pid")) for _ in range(3)}

    assert len(pids) == 3
    running.await_text("starts again in 0.8 s")
    pauses = [line[-5:] for line in running.seen if "again" in line]
    assert pauses == ["0.2 s", "0.4 s", "0.8 s"]


def test_a_killed_child_is_replaced(supervise: Callable[..., Running]) -> None:
    running = supervise(("gateway", TELL_PID + WAIT))
    first = pid_of(running.await_text("pid"))

    os.kill(first, signal.SIGKILL)

    assert f"(process {first}) ended with signal 9" in running.await_text("ended")
    assert pid_of(running.await_text("pid")) != first


def test_a_program_that_is_not_there_is_tried_again() -> None:
    plan = Plan([Program("valkey", ["/nowhere/at-all"])], host="127.0.0.1", port=9)
    running = Running(_spawn(plan))

    try:
        running.await_text("cannot start")
        running.await_text("cannot start")
    finally:
        _kill(running.process)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_stops_all_in_order(
    supervise: Callable[..., Running], number: signal.Signals
) -> None:
    roles = ["valkey", "simulator", "beat", "worker", "gateway", "web"]
    running = supervise(*((role, OBEY) for role in roles))
    for _ in roles:
        running.await_text("| up")

    running.process.send_signal(number)

    left = [line.split(" ")[0] for line in running.rest() if line.endswith("bye")]
    assert sorted(left[:3]) == ["beat", "gateway", "worker"]
    assert left[3:] == ["web", "simulator", "valkey"]
    assert running.end() == 0


def test_under_nohup_it_outlives_its_terminal(
    supervise: Callable[..., Running],
) -> None:
    running = supervise(("web", OBEY), ignored=(signal.SIGHUP,))
    running.await_text("| up")

    running.process.send_signal(signal.SIGHUP)
    running.process.send_signal(signal.SIGTERM)

    # One signal was heard: a second one would have killed what stops.
    assert not [line for line in running.rest() if "killed" in line]
    assert running.end() == 0


def test_what_was_ignored_or_blocked_before_stops_it_and_its_children(
    supervise: Callable[..., Running],
) -> None:
    ignored = (signal.SIGTERM, signal.SIGINT)
    running = supervise(("web", OBEY), ("beat", TELL_PID + WAIT), ignored=ignored)
    for _ in range(2):  # either may be the first
        running.await_line(lambda line: "| up" in line or "pid" in line)

    running.process.send_signal(signal.SIGTERM)

    assert not [line for line in running.rest() if "killed" in line]
    assert running.end() == 0


def test_a_second_signal_kills_what_does_not_stop(
    supervise: Callable[..., Running],
) -> None:
    running = supervise(("web", STUBBORN), ("worker", STUBBORN))
    pids = [pid_of(running.await_text("pid")) for _ in range(2)]
    running.process.send_signal(signal.SIGINT)
    running.await_text("is stopping")

    running.process.send_signal(signal.SIGINT)

    assert "worker is killed: it did not stop in time" in running.rest()
    assert running.end() == 0
    assert all(await_death(pid) for pid in pids)


def test_children_do_not_outlive_a_killed_supervisor(
    supervise: Callable[..., Running],
) -> None:
    running = supervise(("web", STUBBORN), ("worker", STUBBORN))
    pids = [pid_of(running.await_text("pid")) for _ in range(2)]

    running.process.kill()

    assert all(await_death(pid) for pid in pids)


def test_it_stops_even_if_nobody_reads_what_it_says(
    supervise: Callable[..., Running],
) -> None:
    running = supervise(("web", TELL_PID + "print('x' * 1_000_000); " + WAIT))
    running.await_text("pid")

    running.process.terminate()

    assert running.end() == 0


def test_it_stays_when_its_reader_goes_away(supervise: Callable[..., Running]) -> None:
    running = supervise(("web", TELL_PID + "print('more', flush=True); " + WAIT))
    running.await_text("pid")

    assert running.process.stdout
    running.process.stdout.close()
    running.process.terminate()

    assert running.end() == 0


def test_it_says_when_the_web_process_is_healthy(
    supervise: Callable[..., Running],
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    running = supervise(("web", ANSWERING), port=port)
    running.await_text("all is ready")

    assert running.seen.count("all is ready") == 1
