"""The key in the form that each client sends, and in no other."""

from __future__ import annotations

from dataclasses import replace

from accounts.models import AccessSettings
from tests.contract.cases import each_client
from tests.contract.clients.base import KEY, Client
from tests.contract.conftest import Deliver
from tests.contract.scene import Scene


@each_client(lambda client: not client.keyless)
def test_a_wrong_key_is_told_as_such(
    deliver: Deliver, scene: Scene, client: Client
) -> None:
    sent = client.post("submit/imagine", {"prompt": "a red fox"})
    wrong = {n: v.replace(KEY, "another-key") for n, v in sent.headers.items()}

    answer = deliver(replace(sent, headers=wrong))

    assert answer.status == 401
    assert client.told(answer).how == "refused"


@each_client(lambda client: client.keyless)
def test_a_client_without_a_key_needs_an_open_server(
    deliver: Deliver, scene: Scene, client: Client
) -> None:
    sent = client.post("submit/imagine", {"prompt": "a red fox"})
    opened = client.told(deliver(sent))
    AccessSettings(pk=AccessSettings.singleton_instance_id).save()

    closed = deliver(sent)

    assert (opened.how, closed.status) == ("accepted", 401)
