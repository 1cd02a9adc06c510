"""A client of tests/contract before a running product."""

from __future__ import annotations

import http.client
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from PIL import Image

from tests.contract.clients.base import Client
from tests.contract.wire import Answer, Look, Sent, Told
from tests.e2e.harness import LIMIT, call, eventually


@dataclass(frozen=True)
class ContractClient:
    """Sends the client's requests, and reads answers as the client does."""

    client: Client
    origin: str

    def send(self, sent: Sent) -> Answer:
        """Send a request to the letter: no path is tidied, no header added."""
        where = urlsplit(self.origin)
        line = http.client.HTTPConnection(where.netloc, timeout=LIMIT)
        try:
            line.request(sent.method, sent.path, sent.body, dict(sent.headers))
            said = line.getresponse()
            headers = {name.lower(): value for name, value in said.getheaders()}
            return Answer(said.status, headers, said.read())
        finally:
            line.close()

    def post(self, path: str, body: Any) -> Answer:
        return self.send(self.client.post(path, body))

    def told(self, path: str, body: Any, how: str = "accepted") -> Told:
        told = self.client.told(self.post(path, body))
        assert told.how == how, told
        return told

    def task(self, task_id: str) -> dict[str, Any]:
        """Return the task as the client reads it."""
        said = self.send(self.client.look(task_id)).json()
        task: dict[str, Any] = said[0] if isinstance(said, list) else said
        return task

    def drawn(self, told: Told) -> dict[str, Any]:
        """Look until the task is over, as the client sees it; return it."""
        seen: list[Look] = []

        def look() -> dict[str, Any] | None:
            seen.append(self.client.seen(self.send(self.client.look(told.task_id))))
            assert not seen[-1].failed, seen[-1].reason
            return self.task(told.task_id) if seen[-1].over else None

        task = eventually(look, what=f"{self.client.name} sees the end")
        assert seen[-1].picture or task["action"] == "SHORTEN"
        percents = [each.percent for each in seen if each.percent is not None]
        assert percents == sorted(percents)
        return task

    def press(self, task: dict[str, Any], custom_id: str) -> Answer:
        body = {"taskId": task["id"], "customId": custom_id}
        return self.post("submit/action", body)

    def pressed(self, task: dict[str, Any], custom_id: str) -> Told:
        told = self.client.told(self.press(task, custom_id))
        assert told.how == "accepted", told
        return told


def button(task: dict[str, Any], part: str) -> str:
    """Return the id of the first button that has `part` in it."""
    found: str = next(
        each["customId"] for each in task["buttons"] if part in each["customId"]
    )
    return found


def picture_of(task: dict[str, Any]) -> Image.Image:
    """Fetch the picture as a gateway or a library does: no header, no key."""
    status, body = call("GET", task["imageUrl"])
    assert status == 200
    return Image.open(io.BytesIO(body))


class Hooks:
    """A receiver of hooks that answers 200 without a body."""

    def __init__(self) -> None:
        self.url = ""
        self._told: list[dict[str, Any]] = []
        self._news = threading.Condition()

    def receive(self, task: dict[str, Any]) -> None:
        with self._news:
            self._told.append(task)
            self._news.notify_all()

    def story(self, task_id: str) -> list[dict[str, Any]]:
        """Return all hooks of a task, once the final one has come."""

        def told() -> list[dict[str, Any]]:
            return [each for each in self._told if each["id"] == task_id]

        def over() -> bool:
            return any(each["status"] in ("SUCCESS", "FAILURE") for each in told())

        with self._news:
            assert self._news.wait_for(over, LIMIT), told()
            return told()


@contextmanager
def hooks() -> Iterator[Hooks]:
    received = Hooks()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"].startswith("application/json")
            length = int(self.headers["Content-Length"])
            received.receive(json.loads(self.rfile.read(length)))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    received.url = f"http://127.0.0.1:{server.server_port}/mj/notify"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
