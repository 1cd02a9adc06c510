"""The product and the simulator as real processes, tested from outside."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from gateway.simulator.state.accounts import AccountSpec, account_spec
from tests.e2e.calls import LIMIT as LIMIT
from tests.e2e.calls import call as call
from tests.e2e.calls import eventually as eventually
from tests.e2e.calls import free_port as free_port
from tests.e2e.simulation import ROOT as ROOT
from tests.e2e.simulation import Simulator as Simulator

TERMINAL: Final = {"SUCCESS", "FAILURE"}


ROLES: Final = {
    "web": "mjproxy.server",
    "worker": "celery",
    "gateway": "rungateway",
    "valkey": "valkey-server",
}


@dataclass
class Product:
    """`manage.py up` in a process, and its API as an operator."""

    process: subprocess.Popen[bytes]
    url: str
    data: Path
    log: Path
    environment: dict[str, str]
    admin_token: str
    admin_password: str = ""
    api_key: str = ""
    accounts: list[AccountSpec] = field(default_factory=list)

    @classmethod
    def start(cls, sim: Simulator, data: Path, **extra: str) -> Product:
        port = free_port()
        token = "operator-token-of-the-test"
        environment = {
            **outer_environment(),
            **sim.environment(),
            "PORT": str(port),
            "MJPROXY_DATA_DIR": str(data),
            "MJPROXY_ADMIN_TOKEN": token,
            "MJPROXY_ALLOW_PRIVATE_HOOKS": "1",
            "PYTHONUNBUFFERED": "1",
            "TZ": "UTC",
            **extra,
        }
        data.mkdir(parents=True, exist_ok=True)
        product = cls(
            process=_spawn(environment, data / "up.log"),
            url=f"http://127.0.0.1:{port}",
            data=data,
            log=data / "up.log",
            environment=environment,
            admin_token=token,
            api_key=token,
        )
        try:
            product.wait_ready()
        except BaseException:
            product.process.kill()
            product.process.wait(10)
            raise
        found = re.search(r"admin / (\S+)", product.log.read_text())
        product.admin_password = found[1] if found else ""
        return product

    def wait_ready(self) -> None:
        def healthy() -> bool:
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            return call("GET", f"{self.url}/healthz", timeout=5)[0] == 200

        eventually(healthy, what="GET /healthz answers 200")

    def stop(self) -> None:
        """Ask it to stop, as Ctrl-C does, and wait until nothing is left."""
        children = self.pids()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(40)
        eventually(
            lambda: not [p for p in children if Path(f"/proc/{p}").exists()],
            what="no child is left",
            limit=20,
        )

    def restart(self) -> None:
        """Start it again on the same data."""
        self.process = _spawn(self.environment, self.log)
        self.wait_ready()

    # --- processes -----------------------------------------------------------------

    def pids(self, role: str = "") -> list[int]:
        """Return the running children, or those of one role."""
        word = ROLES.get(role, role)
        found = []
        for pid in _descendants(self.process.pid):
            words = _command_line(pid)
            if role == "beat" and "celery" in words and " beat" in words:
                found.append(pid)
            elif role == "worker" and not (word in words and " worker " in words):
                continue
            elif role != "beat" and word in words:
                found.append(pid)
        return found

    def kill(self, role: str) -> None:
        """kill -9 every process of a role; wait until another has taken its place."""
        old = self.pids(role)
        assert old, f"no process of role {role}"
        for pid in old:
            os.kill(pid, signal.SIGKILL)
        eventually(
            lambda: set(self.pids(role)) - set(old), what=f"{role} is back", limit=30
        )

    def kill_all(self) -> None:
        """kill -9 the supervisor and every child at once."""
        pids = [self.process.pid, *_descendants(self.process.pid)]
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait(10)
        eventually(
            lambda: not [p for p in pids[1:] if Path(f"/proc/{p}").exists()],
            what="all are dead",
            limit=20,
        )

    # --- API -------------------------------------------------------------------------

    def api(self, method: str, path: str, body: Any = None, key: str = "") -> Any:
        """Call the API; return the parsed answer, or None where it has no body."""
        headers = {"mj-api-secret": key or self.api_key}
        status, answer = call(method, f"{self.url}{path}", body, headers)
        assert status < 500, f"{method} {path}: {status} {answer[:300]!r}"
        return json.loads(answer) if answer else None

    def add_account(self, spec: AccountSpec, **fields: Any) -> None:
        body = {
            "guildId": spec.guild_id,
            "channelId": spec.channel_id,
            "userToken": spec.user_token,
            "enable": True,
            "coreSize": 3,
            "interval": 0,
            "afterIntervalMin": 0,
            "afterIntervalMax": 0,
            **fields,
        }
        answer = self.api("POST", "/mj/admin/account", body)
        assert answer["success"], answer
        self.accounts.append(spec)

    def wait_accounts(self, count: int) -> None:
        """Wait until so many accounts are ready and read; then nothing else is sent."""

        def ready() -> list[dict[str, Any]]:
            rows = self.api("GET", "/mj/account/list")
            done = [row for row in rows if row["state"] == "ready"]
            return done if len(done) >= count else []

        # One after the other: questions about all would hold up their processes.
        for row in eventually(ready, what=f"{count} accounts are ready"):
            read = partial(self._is_read, row)
            eventually(read, what=f"account {row['id']} is read")

    def _is_read(self, account: dict[str, Any]) -> bool:
        rows = self.api("GET", f"/mj/admin/account-queries/{account['id']}")
        if {"waiting", "sent"} & {row["state"] for row in rows}:
            return False
        # Of a Discord user's rows one is read for all.
        whole = self.api("GET", f"/mj/account/{account['channelId']}/fetch")
        return bool(rows or whole["infoUpdated"])

    def imagine(self, prompt: str, path: str = "/mj", **body: Any) -> str:
        answer = self.api("POST", f"{path}/submit/imagine", {"prompt": prompt, **body})
        assert answer["code"] in (1, 22), answer
        task_id: str = answer["result"]
        return task_id

    def submit(self, what: str, **body: Any) -> str:
        answer = self.api("POST", f"/mj/submit/{what}", body)
        assert answer["code"] in (1, 22), answer
        task_id: str = answer["result"]
        return task_id

    def press(self, task: dict[str, Any], part: str, **body: Any) -> dict[str, Any]:
        """Press the first button whose custom id holds `part`; return the answer."""
        custom_id = next(
            b["customId"] for b in task["buttons"] if part in b["customId"]
        )
        answer: dict[str, Any] = self.api(
            "POST",
            "/mj/submit/action",
            {"taskId": task["id"], "customId": custom_id, **body},
        )
        return answer

    def answer_window(self, answer: dict[str, Any], **body: Any) -> str:
        """Answer the window that a press has asked for; return the task's id."""
        assert answer["code"] == 21, answer
        return self.submit("modal", taskId=answer["result"], **body)

    def task(self, task_id: str) -> dict[str, Any]:
        task: dict[str, Any] = self.api("GET", f"/mj/task/{task_id}/fetch")
        return task

    def tasks(self, ids: list[str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.api(
            "POST", "/mj/task/list-by-ids", {"ids": ids}
        )
        return rows

    def wait_for(self, task_id: str, *statuses: str) -> dict[str, Any]:
        """Return the task once it has one of the statuses, or is over."""
        wanted = set(statuses) | TERMINAL

        def look() -> dict[str, Any] | None:
            task = self.task(task_id)
            return task if task and task["status"] in wanted else None

        return eventually(look, what=f"task {task_id} is {'/'.join(sorted(wanted))}")

    def wait_all(self, ids: list[str], limit: float = LIMIT) -> list[dict[str, Any]]:
        """Return the tasks once all are over."""

        def look() -> list[dict[str, Any]] | None:
            rows = self.tasks(ids)
            assert len(rows) == len(ids), "a task is gone"
            return rows if all(r["status"] in TERMINAL for r in rows) else None

        return eventually(look, what=f"{len(ids)} tasks are over", limit=limit)

    def picture(self, task: dict[str, Any]) -> bytes:
        """Return the bytes behind the task's link, fetched without a key."""
        assert task["imageUrl"].startswith(f"{self.url}/"), task["imageUrl"]
        status, data = call("GET", task["imageUrl"])
        assert status == 200, (status, task["imageUrl"])
        return data


@contextmanager
def ready_product(
    sim: Simulator, data: Path, accounts: int, services: dict[str, str]
) -> Iterator[Product]:
    """Run a product whose accounts are ready."""
    product = Product.start(sim, data, **services)
    try:
        for spec in specs(accounts):
            product.add_account(spec)
        product.wait_accounts(accounts)
        yield product
    finally:
        product.stop()


def specs(count: int) -> Iterator[AccountSpec]:
    yield from (account_spec(number) for number in range(1, count + 1))


def outer_environment() -> dict[str, str]:
    """Return the environment for a product, without the variables of the tests."""
    ours = ("MJPROXY_", "NG_DISCORD_", "DJANGO_", "DATABASE_URL", "REDIS_URL", "PORT")
    return {k: v for k, v in os.environ.items() if not k.startswith(ours)}


def _spawn(environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            fields = stat.rpartition(")")[2].split()
            if fields[0] != "Z":
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        for child in children.get(todo.pop(), []):
            found.append(child)
            todo.append(child)
    return found


def _command_line(pid: int) -> str:
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return " " + raw.replace(b"\0", b" ").decode(errors="replace") + " "
