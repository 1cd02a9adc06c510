"""The simulator as a real process."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.e2e.calls import LIMIT, call

ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass
class Simulator:
    """`python -m gateway.simulator` in a process, and its control API."""

    process: subprocess.Popen[str]
    url: str

    @classmethod
    def start(cls, *options: str, log: Path) -> Simulator:
        command = [sys.executable, "-m", "gateway.simulator", "--port", "0", *options]
        with log.open("w") as errors:
            process = subprocess.Popen(
                command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found, f"the simulator said {line!r}, see {log}"
        return cls(process, found[0])

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = call(method, f"{self.url}/_sim/{path}", body, timeout=LIMIT)
        assert status < 400, f"{method} {path}: {status} {answer!r}"
        return json.loads(answer or b"null")

    def rule(self, match: dict[str, Any], effect: dict[str, Any], **more: Any) -> str:
        rule: str = self.ask(
            "POST", "rules", {"match": match, "effect": effect} | more
        )["id"]
        return rule

    def knobs(self, **knobs: Any) -> None:
        self.ask("PATCH", "knobs", knobs)

    def jobs(self) -> list[dict[str, Any]]:
        jobs: list[dict[str, Any]] = self.ask("GET", "ledger?fields=jobs")["jobs"]
        return jobs

    def job_of(self, task: dict[str, Any]) -> dict[str, Any]:
        """Return the job that has drawn a task."""
        return next(job for job in self.jobs() if job["uuid"] == task["jobId"])

    def interactions(self) -> list[dict[str, Any]]:
        answer = self.ask("GET", "ledger?fields=interactions")
        rows: list[dict[str, Any]] = answer["interactions"]
        return rows

    def posts(self, words: str) -> int:
        """Return how many interactions have these words in their prompt."""
        return sum(words in entry["prompt"] for entry in self.interactions())

    def violations(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.ask("GET", "ledger?fields=violations")[
            "violations"
        ]
        return rows

    def wait(self, **counts: Any) -> None:
        query = "&".join(f"{k}={v}" for k, v in {"timeout": LIMIT, **counts}.items())
        self.ask("GET", f"wait?{query}")

    def environment(self) -> dict[str, str]:
        ws = self.url.replace("http://", "ws://")
        return {
            "NG_DISCORD_SERVER": self.url,
            "NG_DISCORD_WSS": f"{ws}/gateway",
            "NG_DISCORD_RESUME_WSS": f"{ws}/gateway-resume",
            "NG_DISCORD_CDN": self.url,
            "NG_DISCORD_UPLOAD_SERVER": self.url,
            "NG_DISCORD_ACTIVITY": self.url,
            "NG_DISCORD_EDITOR": self.url,
        }
