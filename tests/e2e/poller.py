"""Poller: asks the product ten times a second, and records the answers."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Final
from urllib.parse import urlsplit

EVERY: Final = 0.1  # seconds
PATIENCE: Final = 30.0


class HealthPoller:
    """Asks on a new connection each time, without waiting for earlier answers."""

    def __init__(self, url: str) -> None:
        self.host = urlsplit(url).hostname or ""
        self.port = urlsplit(url).port
        self.seconds: list[float] = []
        self.wrong: list[str] = []
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._clock = threading.Thread(target=self._poll)
        self._clock.start()

    def stop(self) -> None:
        self._stopped.set()
        self._clock.join()
        for thread in self._threads:
            thread.join()

    def _poll(self) -> None:
        while not self._stopped.wait(EVERY):
            self._threads.append(threading.Thread(target=self._ask))
            self._threads[-1].start()

    def _ask(self) -> None:
        began = time.monotonic()
        line = http.client.HTTPConnection(self.host, self.port or 80, timeout=PATIENCE)
        try:
            with closing(line):
                line.request("GET", "/healthz")
                status = line.getresponse().status
        except (OSError, http.client.HTTPException) as exc:
            self.wrong.append(repr(exc))
            return
        self.seconds.append(time.monotonic() - began)
        if status != 200:
            self.wrong.append(str(status))


@contextmanager
def poll_health(url: str) -> Iterator[HealthPoller]:
    found = HealthPoller(url)
    try:
        yield found
    finally:
        found.stop()
