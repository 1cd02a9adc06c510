"""Webhooks of a worker that dies right after a call."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.e2e.harness import Product, Simulator

LIMIT = 60  # seconds: a claim that nobody ends lasts for 30


class Ends:
    """The ids under which ends were told. The first one kills the worker."""

    def __init__(self, product: Product) -> None:
        self.ids: list[str] = []
        self._workers = product.pids("worker")
        self._news = threading.Condition()

    def came(self, message_id: str) -> None:
        with self._news:
            self.ids.append(message_id)
            if len(self.ids) == 1:
                for pid in self._workers:
                    os.kill(pid, signal.SIGKILL)
            self._news.notify_all()

    def wait_for(self, count: int) -> None:
        with self._news:
            assert self._news.wait_for(lambda: len(self.ids) >= count, LIMIT)


@contextmanager
def receiver(ends: Ends) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            task = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()
            if task["status"] == "SUCCESS":
                ends.came(self.headers["webhook-id"])

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook"
    finally:
        server.shutdown()
        server.server_close()


def test_a_call_whose_courier_died_before_it_was_stored_is_repeated(
    product: Product, sim: Simulator
) -> None:
    ends = Ends(product)
    with receiver(ends) as url:
        task_id = product.imagine("its courier dies", notifyHook=url)

        ends.wait_for(2)

    assert ends.ids[0] == ends.ids[1]
    assert product.wait_for(task_id, "SUCCESS")
