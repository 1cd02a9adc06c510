"""Fixtures with an account in the channel of `wire`, and with a simulator."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as loaded
from pytest_django.fixtures import Settings

from accounts.models import DiscordAccount, User
from gateway.discord import clients, uploads
from gateway.events.handlers import Recipient
from gateway.models import GatewaySession, GatewaySettings
from gateway.sending import errands, refusals
from gateway.simulator.app import Simulator
from gateway.sockets import connection, handshake, manager, writer
from mjproxy.lib.process import backoff, event_loop
from mjproxy.lib.process.backoff import Streaks
from tasks.models import Task
from tests.factories import make_account
from tests.gateway.fakes import FakeHttp
from tests.gateway.picture_tasks import LINK, site_answer
from tests.gateway.recordings import NOW
from tests.gateway.rows import make_index, make_running, make_session
from tests.gateway.simulated import Watch, addresses_of, run_simulator
from tests.gateway.windows import press
from tests.gateway.wire import CHANNEL, GUILD, US
from tests.http_server import Server, serving


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty all caches: rows of different tests have the same ids."""
    monkeypatch.setattr(clients, "_clients", {})
    monkeypatch.setattr(clients, "_addresses", None)
    monkeypatch.setattr(refusals, "_unreached", Streaks())
    monkeypatch.setattr(errands, "_tries", Streaks())
    monkeypatch.setattr(handshake, "_next_identify", {})


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
def session(account: DiscordAccount) -> GatewaySession:
    """The account's session, which is open for sending."""
    return make_session(account)


@pytest.fixture
def live(account: DiscordAccount, session: GatewaySession) -> DiscordAccount:
    """The account with an open session, and with the commands known."""
    make_index(account)
    return account


@pytest.fixture
def task(alice: User, account: DiscordAccount) -> Task:
    """A task that runs at the account."""
    return make_running(alice, account)


@pytest.fixture
def pressed(alice: User, account: DiscordAccount) -> Task:
    """A variation that was pressed with a new prompt at hand."""
    return press(alice, account)


@pytest.fixture
def recipient(account: DiscordAccount) -> Recipient:
    return Recipient(account.pk, US, frozenset({CHANNEL}))


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
async def simulator(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Simulator]:
    """A simulator at the addresses that the settings name."""
    async with run_simulator() as found:
        there = addresses_of(found)
        discord = {name: getattr(there, name) for name in GatewaySettings.ADDRESSES}
        monkeypatch.setattr(loaded, "DISCORD", discord)
        yield found


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """No pause between attempts or looks; the use of the database can be waited for."""
    found = Watch()
    for module in (connection, manager, writer):
        monkeypatch.setattr(module, "in_thread", found.in_thread)
    monkeypatch.setattr(handshake, "IDENTIFY_PACE", 0.0)
    monkeypatch.setattr(manager, "TICK", 0.05)
    monkeypatch.setattr(manager, "REST", 0.0)
    monkeypatch.setattr(manager, "PROXY_REST", 0.0)
    monkeypatch.setattr(random, "uniform", lambda low, high: 0.0)
    monkeypatch.setattr(backoff, "delay", lambda attempt, **_: 0.0)
    return found


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
