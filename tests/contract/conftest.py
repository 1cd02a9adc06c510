"""The user of the clients, what they have drawn, and a way to send."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import AsyncClient, Client

from accounts.keys import GUEST_NAME, create_key
from accounts.models import AccessSettings, User
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


def environ(sent: Sent) -> dict[str, str]:
    """Return the headers as WSGI has them; `Content-Type` is none of its HTTP_ ones."""
    return {name: value for name, value in sent.headers.items() if name != CONTENT}


CONTENT = "Content-Type"


@pytest.fixture
def deliver() -> Deliver:
    """Send a request to the letter and return the answer."""

    def send(sent: Sent) -> Answer:
        response = Client().generic(
            sent.method,
            sent.path,
            sent.body or b"",
            sent.headers.get(CONTENT, ""),
            headers=environ(sent),
        )
        body = b"".join(response) if response.streaming else response.content
        return Answer(
            response.status_code, {n.lower(): v for n, v in response.items()}, body
        )

    return send


async def deliver_async(sent: Sent) -> Answer:
    """Send a request whose answer is a stream, and read it to its end."""
    response = await AsyncClient().generic(
        sent.method,
        sent.path,
        sent.body or b"",
        sent.headers.get(CONTENT, ""),
        headers=environ(sent),
    )
    if response.streaming:
        body = b"".join([part async for part in response])
    else:
        body = response.content
    return Answer(
        response.status_code, {n.lower(): v for n, v in response.items()}, body
    )
