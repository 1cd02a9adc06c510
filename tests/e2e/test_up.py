"""`manage.py up --demo`, as a person starts and stops it."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.mjproxy.run.test_start import ROOT, clean_environment

pytestmark = pytest.mark.timeout(180)
PATIENCE = 30


class Demo:
    """A demo that runs, and what it has told."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "up", "--demo"],
            env=clean_environment(data_dir, PORT=str(port)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.told: dict[str, str] = {}
        assert self.process.stdout
        for line in self.process.stdout:
            name, _, value = line.strip().partition(":")
            self.told.setdefault(name, value.strip())
            if name == "API key":
                break

    def children(self) -> list[int]:
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def ask(self, path: str) -> Any:
        request = urllib.request.Request(  # noqa: S310
            self.told["Address"] + path, headers={"mj-api-secret": self.told["API key"]}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            return json.load(answer)

    def stop(self, number: int) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=60)
        return self.process.returncode


@pytest.fixture
def place(tmp_path: Path) -> tuple[Path, int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return tmp_path / "data", port


def has_ended(descriptor: int) -> bool:
    return bool(select.select([descriptor], [], [], PATIENCE)[0])


def test_a_demo_tells_all_starts_again_and_leaves_nothing(
    place: tuple[Path, int],
) -> None:
    first = Demo(*place)
    with ExitStack() as stack:
        stack.callback(first.process.kill)
        children = [os.pidfd_open(pid) for pid in first.children()]
        assert len(children) == 6
        assert first.told["Sign in"].startswith("admin / ")
        assert first.told["Admin token"].startswith("mjp_")
        accounts = {row["id"] for row in first.ask("/mj/account/list")}
        assert len(accounts) == 3

        assert first.stop(signal.SIGINT) == 0
        assert all(has_ended(child) for child in children)

    second = Demo(*place)
    with ExitStack() as stack:
        stack.callback(second.process.kill)
        assert {row["id"] for row in second.ask("/mj/account/list")} == accounts
        assert "Admin token" not in second.told
        assert second.told["API key"] != first.told["API key"]

        assert second.stop(signal.SIGTERM) == 0


def test_nothing_outlives_a_killed_up(place: tuple[Path, int]) -> None:
    demo = Demo(*place)
    children = [os.pidfd_open(pid) for pid in demo.children()]

    demo.stop(signal.SIGKILL)

    assert len(children) == 6
    assert all(has_ended(child) for child in children)
