"""Calls on kept connections, before receivers that close them or say too much."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from mjproxy.lib.process import event_loop
from mjproxy.lib.safe_http.client import check_url, open_session
from tasks.enums import DeliveryState, TaskStatus
from tasks.services import advance, fail
from tests.http_server import listen_on_loopback
from tests.tasks.webhook_calls import deliver, make_hooked, only_row

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_receivers", "private_hooks"),
]
FINE = b"HTTP/1.1 204 No Content\r\n\r\n"


class Receiver:
    """Keeps connections. After `most` answers on one it closes it unasked."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.heads: list[list[bytes]] = []  # of the requests, by connection

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        heads: list[bytes] = []
        self.heads.append(heads)
        try:
            while not reader.at_eof():
                head = await reader.readuntil(b"\r\n\r\n")
                heads.append(head)
                length = head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]
                await reader.readexactly(int(length))
                if len(heads) > self.most:
                    return
                writer.write(FINE)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@pytest.fixture
def receiver(request: pytest.FixtureRequest) -> Iterator[tuple[Receiver, str]]:
    found = Receiver(request.param)
    with listen_on_loopback(found.serve) as origin:
        yield found, origin


def ids(receiver: Receiver) -> list[list[bytes]]:
    return [
        [head.split(b"webhook-id: ")[1].split(b"\r\n")[0] for head in heads]
        for heads in receiver.heads
    ]


@pytest.mark.parametrize("receiver", [9], indirect=True)
def test_calls_share_a_connection(receiver: tuple[Receiver, str]) -> None:
    seen, origin = receiver
    task = make_hooked(origin)

    for status in (TaskStatus.SUBMITTED, TaskStatus.IN_PROGRESS, TaskStatus.FAILURE):
        advance(task.pk, status)
        deliver(task)

    assert [len(heads) for heads in seen.heads] == [3]


@pytest.mark.parametrize("receiver", [1], indirect=True)
def test_a_call_on_a_connection_that_breaks_is_made_again_on_a_new_one(
    receiver: tuple[Receiver, str],
) -> None:
    seen, origin = receiver
    task = make_hooked(origin)
    advance(task.pk, TaskStatus.SUBMITTED)
    deliver(task)

    fail(task.pk, "no luck")
    deliver(task)

    row = only_row()
    assert (row.state, row.attempts) == (DeliveryState.DELIVERED, 1)
    (first, lost), (again,) = ids(seen)
    assert first != lost == again


@pytest.mark.parametrize("receiver", [0], indirect=True)
def test_a_receiver_that_never_answers_is_called_twice_and_then_later(
    receiver: tuple[Receiver, str],
) -> None:
    seen, origin = receiver
    task = make_hooked(origin)
    fail(task.pk, "no luck")

    deliver(task)

    row = only_row()
    assert (row.state, row.attempts) == (DeliveryState.FAILED, 1)
    assert row.error == "the connection was closed without an answer"
    assert [len(heads) for heads in seen.heads] == [1, 1]


def test_an_answer_that_came_unasked_answers_nothing() -> None:
    said = asyncio.Event()

    async def chatter(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            await asked.wait()
            writer.write(FINE)
            said.set()
            await reader.read()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def ask_twice() -> list[int]:
        found = []
        async with open_session(kept=60) as session:
            for _ in range(2):
                async with session.get(check_url(origin)) as answer:
                    found.append(answer.status)
                asked.set()
                await said.wait()
                # Let the loop read what lies in the socket.
                await asyncio.sleep(0)
                await asyncio.sleep(0)
        return found

    asked = asyncio.Event()
    with listen_on_loopback(chatter) as origin:
        assert event_loop.run(ask_twice()) == [200, 200]
