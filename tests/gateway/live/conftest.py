"""Streams: each test begins with none open."""

from __future__ import annotations

from collections import Counter

import pytest

from gateway.live import open_streams


@pytest.fixture(autouse=True)
def _no_stream_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_streams, "_open", Counter())
