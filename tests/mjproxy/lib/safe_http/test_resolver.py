from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from mjproxy.lib.process import event_loop
from mjproxy.lib.safe_http import resolver
from mjproxy.lib.safe_http.client import GuardedResolver, Unfetchable
from mjproxy.lib.safe_http.resolver import Resolver
from tests.http_server import Server
from tests.mjproxy.lib.safe_http import nameservers
from tests.mjproxy.lib.safe_http.guarded_fetch import PNG, get


def addresses(host: str, *servers: str) -> list[str]:
    found = event_loop.run(Resolver(servers).resolve(host, 80))
    return [each["host"] for each in found]


def test_a_name_leads_where_its_server_says() -> None:
    with nameservers.nameserver({"receiver.example": "127.0.0.9"}) as server:
        assert addresses("receiver.example", server) == ["127.0.0.9"]
        assert addresses("Receiver.Example", server) == ["127.0.0.9"]


def test_localhost_needs_no_server() -> None:
    with nameservers.silent() as server:
        assert "127.0.0.1" in addresses("localhost", server)


def test_names_of_the_machines_own_list_need_no_server() -> None:
    known = {}
    for line in Path("/etc/hosts").read_text().splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        known.update(dict.fromkeys(names, address))
    alone = {name for name in known if list(known).count(name) == 1}
    with nameservers.silent() as server:
        for name in alone:
            if ":" not in known[name]:
                assert known[name] in addresses(name, server)


@pytest.mark.parametrize(
    ("code", "number"),
    [
        (nameservers.NO_SUCH_NAME, socket.EAI_NONAME),
        (nameservers.REFUSED, socket.EAI_AGAIN),
    ],
)
def test_a_name_that_nobody_has_is_told_from_one_that_nobody_told(
    code: int, number: int
) -> None:
    with (
        nameservers.nameserver({}, code=code) as server,
        pytest.raises(socket.gaierror) as refused,
    ):
        addresses("nobody.example", server)

    assert refused.value.errno == number


def test_no_server_at_all_is_for_later() -> None:
    with pytest.raises(socket.gaierror) as refused:
        addresses("nobody.example", "127.0.0.1:1")

    assert refused.value.errno == socket.EAI_AGAIN


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example"])
def test_what_is_no_name_is_refused(host: str) -> None:
    with nameservers.silent() as server, pytest.raises(socket.gaierror):
        addresses(host, server)


def test_a_silent_zone_holds_up_no_other_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "SECONDS", 1.0)

    async def ask(server: str) -> tuple[list[Any], bool]:
        found = Resolver([server])
        waiting = [
            asyncio.create_task(found.resolve(f"no{number}.example"))
            for number in range(200)
        ]
        await asyncio.sleep(0)  # they have asked
        await found.resolve("receiver.example")
        was_first = not any(task.done() for task in waiting)
        return await asyncio.gather(*waiting, return_exceptions=True), was_first

    with nameservers.nameserver({"receiver.example": "127.0.0.1"}, code=None) as server:
        outcomes, was_first = event_loop.run(ask(server))

    assert was_first
    assert {getattr(each, "errno", None) for each in outcomes} == {socket.EAI_AGAIN}


def test_all_of_a_loop_share_one_channel() -> None:
    async def ask() -> None:
        for _ in range(3):
            await Resolver().resolve("localhost")

    event_loop.run(ask())
    before = len(resolver._channels)
    event_loop.run(ask())
    for _ in range(3):
        asyncio.run(ask())

    assert len(resolver._channels) <= before + 1


def test_what_it_finds_goes_through_the_guard() -> None:
    with (
        nameservers.nameserver({"private.example": "10.0.0.7"}) as server,
        pytest.raises(Unfetchable, match="private address"),
    ):
        event_loop.run(GuardedResolver(Resolver([server])).resolve("private.example"))


def test_a_server_is_reached_by_a_name(png_server: Server) -> None:
    port = png_server.origin.rpartition(":")[2]
    with nameservers.nameserver({"pictures.example": "127.0.0.1"}) as server:
        found = get(
            f"http://pictures.example:{port}/a.png", resolver=Resolver([server])
        )

    assert found.body == PNG
    assert get(f"http://localhost:{port}/a.png").body == PNG
