"""Sockets are open for what their key is good for, and as long as it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from accounts.models import ApiKey, User
from gateway.live import websocket
from tests.conftest import ALICES_KEY, OPERATORS_KEY
from tests.factories import make_task
from tests.gateway.live.test_websocket import by_key, closed_with, received

pytestmark = pytest.mark.django_db(transaction=True)


async def restrict(**fields: Any) -> None:
    await ApiKey.objects.aupdate(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"scopes": ["draw", "account", "admin"]},
        {"expires_at": datetime(2026, 3, 1, tzinfo=UTC)},
        {"allowed_addresses": ["192.0.2.0/24"]},
        {"is_active": False},
    ],
)
async def test_a_key_that_is_not_good_for_it_opens_no_socket(
    alice: User, fields: dict[str, Any]
) -> None:
    await restrict(**fields)

    socket = await by_key(ALICES_KEY)

    assert await closed_with(socket) == websocket.UNAUTHENTICATED


async def test_a_socket_ends_at_the_end_of_its_key(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "LOOK_EVERY", 3600.0)  # not by a later look
    await restrict(expires_at=timezone.now() + timedelta(seconds=1))
    socket = await by_key(ALICES_KEY)
    assert await received(socket) == {"type": "ready"}

    assert await closed_with(socket) == websocket.UNAUTHENTICATED


async def test_a_socket_ends_when_its_key_loses_the_scope(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "LOOK_EVERY", 0.05)
    socket = await by_key(ALICES_KEY)
    assert await received(socket) == {"type": "ready"}

    await restrict(scopes=["draw"])

    assert await closed_with(socket) == websocket.UNAUTHENTICATED


async def test_an_operators_key_without_admin_gets_own_rows_only(
    operator: User, alice: User
) -> None:
    key = await operator.api_keys.aget()
    key.scopes = ["read"]
    await key.asave()
    theirs, own = await sync_to_async(lambda: (make_task(alice), make_task(operator)))()
    socket = await by_key(OPERATORS_KEY)
    assert await received(socket) == {"type": "ready"}

    ids = [str(theirs.pk), str(own.pk)]
    await socket.send_to(orjson.dumps({"type": "get", "ids": ids}).decode())

    assert (await received(socket))["task"]["id"] == str(own.pk)
    assert await socket.receive_nothing()
