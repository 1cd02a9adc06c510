from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache


@pytest.fixture
def nothing_remembered() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()
