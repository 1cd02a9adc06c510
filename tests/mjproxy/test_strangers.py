"""Requests of strangers make one log line a minute, not a traceback each."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as product
from django.core.exceptions import SuspiciousOperation
from django.test import Client
from django.utils.module_loading import import_string
from pytest_django.fixtures import Settings


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Return what the console gets, through the filters of the settings."""
    logs: Any = product.LOGGING
    console = logs["handlers"]["console"]
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    for name in console["filters"]:
        handler.addFilter(import_string(logs["filters"][name]["()"])())
    logging.getLogger().addHandler(handler)
    yield text
    logging.getLogger().removeHandler(handler)


def scan(times: int, host: str = "10.1.2.3:80") -> None:
    for _ in range(times):
        assert Client().get("/mj/home", headers={"host": host}).status_code == 400


@pytest.fixture
def _named(db: None, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["draw.example.com"]


@pytest.mark.usefixtures("_named")
def test_a_wrong_host_is_one_warning_a_minute_without_a_traceback(
    log: io.StringIO, time_machine: Any
) -> None:
    time_machine.move_to("2026-11-28T10:00:00Z", tick=False)

    scan(20)
    time_machine.shift(59)
    scan(1, "other.example")
    first = log.getvalue().splitlines()
    time_machine.shift(2)
    scan(3, "third.example")

    lines = log.getvalue().splitlines()
    assert len(first) == 1
    assert first[0].startswith("WARNING django.security.DisallowedHost: ")
    assert "10.1.2.3:80" in first[0]
    assert len(lines) == 2
    assert "third.example" in lines[1]
    assert "20 more" in lines[1]


def test_other_suspicious_requests_are_counted_by_their_kind(log: io.StringIO) -> None:
    logger = logging.getLogger("django.security.TooManyFieldsSent")

    for _ in range(3):
        logger.error("too many", exc_info=SuspiciousOperation("too many"))
    scanned = logging.getLogger("django.security.RequestDataTooBig")
    scanned.error("too big", exc_info=SuspiciousOperation("too big"))

    assert log.getvalue().splitlines() == [
        "WARNING django.security.TooManyFieldsSent: too many",
        "WARNING django.security.RequestDataTooBig: too big",
    ]


def test_what_is_wrong_here_keeps_its_traceback(log: io.StringIO) -> None:
    for _ in range(2):
        try:
            raise ZeroDivisionError
        except ZeroDivisionError:
            logging.getLogger("django.request").exception("a defect")

    assert log.getvalue().count("Traceback") == 2
    assert log.getvalue().count("ERROR django.request: a defect") == 2


def test_a_line_stays_one_whatever_a_stranger_calls_us(
    log: io.StringIO, db: None
) -> None:
    logger = logging.getLogger("django.security.DisallowedHost")

    logger.error("Invalid HTTP_HOST header: %s", "x\n2026 INFO gateway: all is well")
    logger.error("Invalid HTTP_HOST header: %s", "x" * 9000)

    (line,) = log.getvalue().splitlines()
    assert len(line) < 500
