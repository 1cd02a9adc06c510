"""A folder and a bucket of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests import buckets
from tests.buckets import bucket as bucket
from tests.buckets import service as service


@pytest.fixture(autouse=True)
def _alone(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path
    settings.PUBLIC_URL = ""
    yield
    buckets.forget_clients()
