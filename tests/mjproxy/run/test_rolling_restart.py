"""All start again one after the other; web gets its successor before it leaves."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mjproxy.run.plan import Plan, Program
from tests.mjproxy.run.test_supervisor import ROOT, Running, _kill, _spawn

# It says when it works and when it ends. The file that it is given, if any, keeps the
# second one from starting.
SCRIPT = """
import os, pathlib, signal, sys
from mjproxy.lib.process.watchdog import notify, watch
if sys.argv[1:]:
    mark = pathlib.Path(sys.argv[1])
    if mark.exists():
        sys.exit(3)
    mark.touch()
def stop(*_):
    print("ends", flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, stop)
watch.begin()
print("works", flush=True)
notify("READY=1")
while True:
    signal.pause()
"""
STDERR = 2  # any open file will do
RESTART = "mjproxy restarts its processes, one after the other"


@pytest.fixture
def running() -> Iterator[Callable[..., Running]]:
    with ExitStack() as stack:

        def start(*roles: str, mark: Path | None = None) -> Running:
            words = [sys.executable, "-c", SCRIPT, *([str(mark)] if mark else [])]
            programs = [
                Program(
                    role,
                    words,
                    {"PYTHONPATH": str(ROOT)},
                    is_watched=True,
                    is_ours=role != "valkey",
                    descriptors=[STDERR] if role == "web" else [],
                )
                for role in roles
            ]
            found = Running(_spawn(Plan(programs, host="127.0.0.1", port=9)))
            stack.callback(_kill, found.process)
            for _ in roles:
                found.await_text("| works")
            return found

        yield start


def told(running: Running) -> list[tuple[str, str]]:
    """Return who said what since the restart was asked for."""
    lines = running.seen[running.seen.index(RESTART) :]
    said = [line.split(" | ") for line in lines if " | " in line]
    return [(role.strip(), word) for role, word in said]


def test_web_gets_its_successor_first_and_the_others_follow(
    running: Callable[..., Running],
) -> None:
    found = running("valkey", "web", "gateway", "worker")

    found.process.send_signal(signal.SIGUSR1)
    found.await_text("has restarted its processes")

    assert [one for one in told(found) if one[0] == "web"] == [
        ("web", "works"),
        ("web", "ends"),
    ]
    assert [one for one in told(found) if one[0] != "web"] == [
        ("gateway", "ends"),
        ("gateway", "works"),
        ("worker", "ends"),
        ("worker", "works"),
    ]


def test_a_web_process_that_does_not_start_takes_nothing_down(
    running: Callable[..., Running], tmp_path: Path
) -> None:
    found = running("web", mark=tmp_path / "mark")

    found.process.send_signal(signal.SIGUSR1)
    found.await_text("ERROR web did not start again")

    assert told(found) == []
    found.process.terminate()
    assert [line for line in found.rest() if line.endswith("| ends")]  # the old one
    assert found.end() == 0


def test_it_can_be_asked_for_again_and_again(running: Callable[..., Running]) -> None:
    found = running("web", "beat")

    for _ in range(3):
        found.process.send_signal(signal.SIGUSR1)
        found.await_text("has restarted its processes")

    found.process.terminate()
    assert not [line for line in found.rest() if "killed" in line]
    assert found.end() == 0
