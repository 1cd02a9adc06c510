"""A process that stands still is noticed, says what its threads do, is replaced."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from mjproxy.run.plan import Plan, Program
from tests.mjproxy.run.test_supervisor import (
    ROOT,
    TELL_PID,
    Running,
    _kill,
    _spawn,
    pid_of,
)

SILENCE = 2.0  # seconds
IMPORTS = (
    "import asyncio, os, signal, threading\n"
    "from concurrent.futures import ThreadPoolExecutor\n"
    "from mjproxy.lib.process.watchdog import watch\n"
)
TELLING = IMPORTS + TELL_PID + "\nwatch.begin()\nwhile True: signal.pause()\n"
MUTE = TELL_PID + "import signal\nwhile True: signal.pause()\n"
# At SIGUSR2 its loop stands still.
LOOP = (
    IMPORTS + "def stand_still(*_): threading.Event().wait()\n"
    "async def main():\n"
    "    loop = asyncio.get_running_loop()\n"
    "    watch.require('loop', loop.call_soon_threadsafe)\n"
    "    watch.begin()\n"
    "    while True: await asyncio.sleep(0.05)\n"
    "signal.signal(signal.SIGUSR2, stand_still)\n" + TELL_PID + "asyncio.run(main())\n"
)
# At SIGUSR2 each of its threads takes up work that never ends.
THREADS = (
    IMPORTS + "pool = ThreadPoolExecutor(2)\n"
    "def work_for_ever(): threading.Event().wait()\n"
    "def hang(*_): [pool.submit(work_for_ever) for _ in range(2)]\n"
    "watch.require('threads', pool.submit)\n"
    "watch.begin()\n"
    "signal.signal(signal.SIGUSR2, hang)\n" + TELL_PID + "\n"
    "while True: signal.pause()\n"
)


@pytest.fixture
def watched() -> Iterator[Callable[[str], Running]]:
    """Run a script under a supervisor that has little patience."""
    with ExitStack() as stack:

        def start(script: str) -> Running:
            env = {"PYTHONFAULTHANDLER": "1", "PYTHONPATH": str(ROOT)}
            words = [sys.executable, "-c", script]
            program = Program("web", words, env, is_watched=True)
            plan = Plan([program], host="127.0.0.1", port=9, silence=SILENCE)
            running = Running(_spawn(plan))
            stack.callback(_kill, running.process)
            return running

        yield start


def test_a_stopped_process_is_replaced(watched: Callable[[str], Running]) -> None:
    running = watched(TELLING)
    first = pid_of(running.await_text("pid"))

    os.kill(first, signal.SIGSTOP)

    assert f"ERROR web (process {first}) was silent" in running.await_text("silent")
    assert "ended with signal 9" in running.await_text("ended with")
    assert pid_of(running.await_text("pid")) != first
    assert len([line for line in running.seen if "was silent" in line]) == 1


@pytest.mark.parametrize(
    ("script", "culprit"),
    [(LOOP, "stand_still"), (THREADS, "work_for_ever")],
    ids=["loop", "threads"],
)
def test_what_stands_still_is_written_down(
    watched: Callable[[str], Running], script: str, culprit: str
) -> None:
    running = watched(script)
    first = pid_of(running.await_text("pid"))

    os.kill(first, signal.SIGUSR2)

    running.await_text("was silent")
    assert "ended with signal 6" in running.await_text("ended with")
    assert any(f"in {culprit}" in line for line in running.seen)
    assert pid_of(running.await_text("pid")) != first


def test_one_that_never_says_a_word_is_replaced(
    watched: Callable[[str], Running],
) -> None:
    running = watched(MUTE)
    first = pid_of(running.await_text("pid"))

    running.await_text("was silent")

    assert pid_of(running.await_text("pid")) != first


def test_one_that_moves_is_left_alone(watched: Callable[[str], Running]) -> None:
    running = watched(TELLING)
    running.await_text("pid")
    other = watched(MUTE)  # as a clock: its time is over, twice
    for _ in range(2):
        other.await_text("was silent")

    running.process.terminate()

    assert [line for line in running.rest() if "silent" in line] == []


def test_words_of_a_stranger_count_for_nobody(
    watched: Callable[[str], Running],
) -> None:
    """What a child's own child tells is not its own word."""
    script = (
        "import os, signal, subprocess, sys\n" + TELL_PID + "\n"
        "other = 'import time\\nfrom mjproxy.lib.process.watchdog import notify\\n'\n"
        "other += 'while True: notify(\"WATCHDOG=1\"); time.sleep(0.1)'\n"
        "child = subprocess.Popen([sys.executable, '-c', other])\n"
        "signal.signal(signal.SIGABRT, lambda *_: (child.kill(), sys.exit(4)))\n"
        "while True: signal.pause()\n"
    )
    running = watched(script)
    running.await_text("pid")

    running.await_text("was silent")
    assert "code 4" in running.await_text("ended with")
