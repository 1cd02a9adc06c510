"""A wrong clock on the health pages."""

from __future__ import annotations

import socket

import pytest

from mjproxy.lib.db import clock
from mjproxy.lib.process import signs_of_life
from mjproxy.lib.process.signs_of_life import Life
from tests.conftest import ApiClient
from tests.mjproxy.health.health_pages import (
    ALL_WELL,
    healthz,
    readyz,
)


def wrong_clock(monkeypatch: pytest.MonkeyPatch, skew: float) -> None:
    monkeypatch.setattr(clock, "skew", lambda: skew)
    clock._seen.at = None
    clock.is_right()


def test_a_wrong_clock_of_this_machine_is_said_and_nothing_is_ready(
    stranger: ApiClient, everybody: dict[str, Life], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong_clock(monkeypatch, 9.0)

    said = f"{socket.gethostname()}: 9.0 s ahead of the database's"
    assert healthz(stranger) == {"status": "degraded", **ALL_WELL, "clock": said}
    status, words = readyz(stranger)
    assert (status, words["clock"]) == (503, said)
    assert words["reasons"] == [f"a clock is wrong: {said}"]

    wrong_clock(monkeypatch, 0.0)
    signs_of_life.client().delete(clock._KEY)
    assert readyz(stranger)[0] == 200


def test_a_wrong_clock_of_another_machine_is_said_for_a_while(
    stranger: ApiClient, everybody: dict[str, Life], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as there:
        there.setattr(socket, "gethostname", lambda: "another")
        wrong_clock(monkeypatch, -3.0)
    wrong_clock(monkeypatch, 0.0)

    status, words = readyz(stranger)
    assert words["clock"] == "another: 3.0 s behind the database's"
    assert status == 200  # others can draw

    now = clock._redis_time() + clock._KEPT + 1
    monkeypatch.setattr(clock, "_redis_time", lambda: now)
    assert "clock" not in healthz(stranger)
