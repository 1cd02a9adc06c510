"""A submit whose client has gone writes nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from accounts.models import DiscordAccount, User
from mjproxy.lib.web import client_disconnect
from tasks.exceptions import ClientDisconnected
from tasks.models import InputPicture, Task
from tasks.submit.commands import submit_blend, submit_imagine
from tasks.submit.row import Caller
from tests.pictures import data_url, picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def client_disconnected() -> Iterator[None]:
    disconnected, token = client_disconnect.start_tracking()
    disconnected.set()
    yield
    client_disconnect.stop_tracking(token)


@pytest.mark.usefixtures("client_disconnected")
def test_a_submit_whose_client_has_gone_writes_nothing(
    alice: User, account: DiscordAccount
) -> None:
    with pytest.raises(ClientDisconnected):
        submit_imagine(caller=Caller(alice), prompt="a ghost")
    with pytest.raises(ClientDisconnected):
        submit_imagine(caller=Caller(alice, idempotency_key="k"), prompt="a ghost")
    assert not Task.objects.exists()


def test_the_same_key_again_draws_once(alice: User, account: DiscordAccount) -> None:
    caller = Caller(alice, idempotency_key="k")
    disconnected, token = client_disconnect.start_tracking()
    disconnected.set()
    with pytest.raises(ClientDisconnected):
        submit_imagine(caller=caller, prompt="a fox")
    client_disconnect.stop_tracking(token)

    first = submit_imagine(caller=caller, prompt="a fox").task
    again = submit_imagine(caller=caller, prompt="a fox").task

    assert first == again
    assert Task.objects.count() == 1


@pytest.mark.usefixtures("client_disconnected")
def test_its_pictures_are_not_kept(alice: User, account: DiscordAccount) -> None:
    brought = [data_url(picture()), data_url(picture())]

    with pytest.raises(ClientDisconnected):
        submit_blend(caller=Caller(alice), pictures=brought)

    assert not InputPicture.objects.exists()
