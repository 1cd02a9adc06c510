"""Streams: each test begins with none open."""

from __future__ import annotations

import gc
from collections import Counter

import pytest

from gateway.live import open_streams


@pytest.fixture(autouse=True)
def _no_stream_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    gc.collect()  # a stream of an earlier test would leave a place of this one
    monkeypatch.setattr(open_streams, "_open", Counter())
