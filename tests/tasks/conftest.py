from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from accounts.models import DiscordAccount, User
from mjproxy.lib.safe_http.resolver import Resolver
from tasks.models import Errand, InputPicture, Task
from tasks.signals import errand_submitted, task_changed, task_submitted
from tests.factories import make_finished
from tests.mjproxy.lib.safe_http.guarded_fetch import Answers
from tests.tasks.parents import make_single
from tests.tasks.refusals import NAMES, Block


@pytest.fixture
def media(settings: Settings, tmp_path: Path) -> Path:
    """A folder of this test alone for all that is kept."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture
def names(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace DNS: the names of `NAMES` are known, others are not."""
    settings.ALLOW_PRIVATE_HOOKS = False

    async def known(_: Any, host: str, *args: Any, **kwargs: Any) -> Any:
        if host in NAMES:
            return await Answers(NAMES[host]).resolve(host)
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(Resolver, "resolve", known)


@pytest.fixture
def heard() -> Iterator[list[tuple[str, int]]]:
    """Record the signals sent after a commit, with their ids."""
    found: list[tuple[str, int]] = []

    def submitted(task_id: int, **_: Any) -> None:
        found.append(("submitted", task_id))

    def changed(task_id: int, **_: Any) -> None:
        found.append(("changed", task_id))

    def errand(errand_id: int, **_: Any) -> None:
        found.append(("errand", errand_id))

    signals = ((task_submitted, submitted), (task_changed, changed))
    for signal, receiver in (*signals, (errand_submitted, errand)):
        signal.connect(receiver)
    yield found
    for signal, receiver in (*signals, (errand_submitted, errand)):
        signal.disconnect(receiver)


@pytest.fixture
def unchanged(
    db: None,
    media: Path,
    heard: list[tuple[str, int]],
    django_capture_on_commit_callbacks: Any,
) -> Block:
    """Check that a block changes no rows and files, and sends no signal."""

    @contextmanager
    def block() -> Iterator[None]:
        before = _traces(media)
        heard.clear()
        with django_capture_on_commit_callbacks(execute=True):
            yield
        assert _traces(media) == before
        assert heard == []

    return block


def _traces(media: Path) -> list[Any]:
    rows = [list(m.objects.order_by("pk").values()) for m in (Task, Errand)]
    pictures = list(InputPicture.objects.order_by("pk").values())
    return [*rows, pictures, sorted(p for p in media.rglob("*") if p.is_file())]


@pytest.fixture
def grid(alice: User, account: DiscordAccount) -> Task:
    return make_finished(alice, account=account)


@pytest.fixture
def single(alice: User, account: DiscordAccount) -> Task:
    return make_single(alice, account)
