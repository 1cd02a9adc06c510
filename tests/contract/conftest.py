"""The user of the clients, what they have drawn, and a way to send."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import AsyncClient, Client

from accounts.models import AccessSettings, User
from accounts.people.keys import GUEST_NAME, create_key
from tests.contract.clients.base import KEY
from tests.contract.clients.base import Client as Caller
from tests.contract.scene import Scene, build
from tests.contract.wire import Answer, Sent
from tests.factories import make_user

Deliver = Callable[[Sent], Answer]


@pytest.fixture
def drawer(db: None, request: pytest.FixtureRequest) -> User:
    """The user whose key the clients hold, and as whom those without one act."""
    params = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    asking = params["case"].client if "case" in params else params.get("client")
    keyless = isinstance(asking, Caller) and asking.keyless
    AccessSettings.objects.create(allow_without_key=keyless)
    user = make_user(GUEST_NAME)
    create_key(user, key=KEY)
    return user


@pytest.fixture
def scene(drawer: User) -> Scene:
    return build(drawer)


@pytest.fixture
def deliver() -> Deliver:
    """Send a request to the letter and return the answer."""

    def send(sent: Sent) -> Answer:
        response = Client().generic(**_asked(sent))
        body = b"".join(response) if response.streaming else response.content
        return _answer(response, body)

    return send


async def deliver_async(sent: Sent) -> Answer:
    """Send a request whose answer is a stream, and read it to its end."""
    response: Any = await AsyncClient().generic(**_asked(sent))
    if response.streaming:
        return _answer(response, b"".join([part async for part in response]))
    return _answer(response, response.content)


def _asked(sent: Sent) -> dict[str, Any]:
    # Django's clients set Content-Type apart, and one of their own without it.
    headers = dict(sent.headers)
    return {
        "method": sent.method,
        "path": sent.path,
        "data": sent.body or b"",
        "content_type": headers.pop("Content-Type", ""),
        "headers": headers,
    }


def _answer(response: Any, body: bytes) -> Answer:
    headers = {name.lower(): value for name, value in response.items()}
    return Answer(response.status_code, headers, body)
