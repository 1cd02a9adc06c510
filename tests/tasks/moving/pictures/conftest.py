"""A server with pictures, and tasks that came from it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from accounts.models import User
from tests.http_server import Server, always, serving

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    settings.PUBLIC_URL = ""


@pytest.fixture
def old(boss: User) -> Iterator[Server]:
    """Return a server that gives a PNG at each address."""
    with serving(always(body=PNG, content_type="image/png")) as server:
        yield server
