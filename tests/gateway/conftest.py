"""Fixtures with an account that draws in the channel of `wire`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from accounts.models import DiscordAccount
from gateway.discord import clients, uploads
from gateway.events.handlers import Speaker
from gateway.sending import errands, refusals
from mjproxy.lib.process import event_loop
from mjproxy.lib.process.backoff import Streaks
from tests.factories import make_account
from tests.gateway.fakes import FakeHttp
from tests.gateway.preparing import LINK, site_answer
from tests.gateway.recordings import NOW
from tests.gateway.wire import CHANNEL, GUILD, US
from tests.http_server import Server, serving


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty all caches: rows of different tests have the same ids."""
    monkeypatch.setattr(clients, "_clients", {})
    monkeypatch.setattr(clients, "_addresses", None)
    monkeypatch.setattr(refusals, "_unreached", Streaks())
    monkeypatch.setattr(errands, "_tries", Streaks())


@pytest.fixture
def account(db: None) -> DiscordAccount:
    return make_account(
        channel_id=CHANNEL,
        guild_id=GUILD,
        interval=0,
        after_interval_min=0,
        after_interval_max=0,
    )


@pytest.fixture
def speaker(account: DiscordAccount) -> Speaker:
    return Speaker(account.pk, US, frozenset({CHANNEL}))


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> FakeHttp:
    """A fake of Discord's REST that waits for what is sent in the background.

    For tests with `django_db(transaction=True)`: threads of their own write rows.
    """
    fake = FakeHttp()

    async def client_of(_: DiscordAccount) -> FakeHttp:
        return fake

    monkeypatch.setattr(clients, "client_of", client_of)
    monkeypatch.setattr(event_loop, "spawn", event_loop.run)
    return fake


@pytest.fixture
def clock(time_machine: Any) -> Any:
    """Stop time at the moment of the recordings."""
    time_machine.move_to(datetime.fromisoformat(NOW), tick=False)
    return time_machine


@pytest.fixture
def own_files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    settings.ALLOW_PRIVATE_HOOKS = True


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, bytes]]:
    """What was uploaded: the way, the name, the bytes."""
    found: list[tuple[str, str, bytes]] = []

    async def attach(_: Any, __: str, name: str, body: bytes, ___: str) -> str:
        found.append(("attach", name, body))
        return f"folder/{name}"

    async def link(_: Any, __: str, name: str, body: bytes, ___: str) -> str:
        found.append(("link", name, body))
        return LINK.format(name=name)

    monkeypatch.setattr(uploads, "attach", attach)
    monkeypatch.setattr(uploads, "link", link)
    return found


@pytest.fixture
def site() -> Iterator[Server]:
    with serving(site_answer) as server:
        yield server
