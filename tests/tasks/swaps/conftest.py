from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from accounts.models import User
from gateway.simulator.swaps.provider import TOKEN
from mjproxy.lib.process import event_loop
from tasks.models import SwapSettings, Task
from tasks.submit.row import Caller
from tasks.swaps.submit import submit_picture_swap
from tests.pictures import data_url, picture
from tests.tasks.swaps.simulated import Simulated, simulated

FACE = data_url(picture(colour="red"))
TARGET = data_url(picture((40, 30), "blue"))


@pytest.fixture(autouse=True)
def _no_nudge_comes_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Book no later step: each test takes the steps itself."""
    monkeypatch.setattr(event_loop, "later", lambda *_: None)


@pytest.fixture
def provider(settings: Settings, tmp_path: Path) -> Iterator[Simulated]:
    settings.ALLOW_PRIVATE_HOOKS = True
    settings.MEDIA_ROOT = tmp_path / "media"
    with simulated() as found:
        yield found


@pytest.fixture
def swaps_on(db: None, provider: Simulated) -> SwapSettings:
    """Face swap is on, at the simulated provider."""
    row = SwapSettings.get_solo()
    row.enabled = row.video_enabled = True
    row.reason, row.url, row.token = "for the tests", provider.base, TOKEN
    row.save()
    return row


@pytest.fixture
def swapper(alice: User, swaps_on: SwapSettings) -> User:
    """A user who may swap faces."""
    alice.may_swap_faces = True
    alice.save()
    return alice


@pytest.fixture
def swap(swapper: User) -> Callable[..., Task]:
    """Submit a swap of a picture."""

    def submit(**given: Any) -> Task:
        fields = {"source": FACE, "target": TARGET} | given
        return submit_picture_swap(caller=Caller(swapper), **fields).task

    return submit
