"""Sockets pass the limits of requests and the blocks, as calls of the API do."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import sync_to_async

from accounts.exceptions import AddressBlocked, TooManyRequests
from accounts.models import ProtectionSettings, User
from accounts.protection import counters
from gateway.live import websocket
from tests.conftest import ALICES_KEY, OPERATORS_KEY
from tests.gateway.live.test_websocket import (
    by_key,
    closed_with,
    communicator,
    received,
    session_of,
    signed_in,
)

pytestmark = pytest.mark.django_db(transaction=True)

HERE = "127.0.0.1"


async def protect(**fields: Any) -> None:
    await ProtectionSettings.objects.acreate(**fields)


@pytest.fixture(autouse=True)
def _from_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "client_ip", lambda _: HERE)
    monkeypatch.setattr("accounts.protection.gate.client_ip", lambda _: HERE)


async def test_a_socket_from_a_black_list_is_closed(alice: User) -> None:
    await protect(limits_on=True, limits_black=[HERE])
    cookie = await sync_to_async(session_of)(alice)
    by_session = communicator(cookie=cookie)
    await by_session.connect()

    assert await closed_with(by_session) == websocket.BLOCKED
    assert await closed_with(await by_key(ALICES_KEY)) == websocket.BLOCKED


@pytest.mark.parametrize(
    ("refusal", "code"),
    [(TooManyRequests(9), websocket.TOO_MANY), (AddressBlocked(9), websocket.BLOCKED)],
)
async def test_a_socket_is_counted_by_its_path(
    alice: User, monkeypatch: pytest.MonkeyPatch, refusal: Exception, code: int
) -> None:
    await protect(limits_on=True, limits_address={"/ws/*": {"60": 1}})
    counted: list[Any] = []

    def count(*values: Any) -> None:
        counted.append(values)
        if len(counted) > 1:
            raise refusal

    monkeypatch.setattr(counters, "count", count)
    first = await by_key(ALICES_KEY)
    assert await received(first) == {"type": "ready"}

    second = await by_key(ALICES_KEY)

    assert await closed_with(second) == code
    assert len(counted) == 2
    await first.disconnect()


async def test_operators_and_trusted_users_are_let_in(
    operator: User, alice: User
) -> None:
    await protect(limits_on=True, limits_black=[HERE])
    await User.objects.filter(pk=alice.pk).aupdate(is_trusted=True)

    trusted, operators = await signed_in(alice), await by_key(OPERATORS_KEY)

    assert await received(operators) == {"type": "ready"}
    for socket in (trusted, operators):
        await socket.disconnect()
