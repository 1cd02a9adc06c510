from __future__ import annotations

from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from django.utils import timezone

from gateway.simulator.swaps.provider import TOKEN
from mjproxy.lib.process import event_loop
from tasks.swaps import provider as module
from tasks.swaps.provider import Later, Provider, Refused, Unclear
from tests.http_server import always, never, serving
from tests.tasks.swaps.simulated import Simulated

pytestmark = pytest.mark.django_db(transaction=True)
ORDER = {"version": "v"}


def ask(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return event_loop.run(coroutine)


@pytest.mark.parametrize("pause", ["", "soon", "nan", "-5", "99999999", "inf"])
def test_a_busy_provider_names_a_pause_or_nothing(private: None, pause: str) -> None:
    busy = always(429, headers={"Retry-After": pause}, body=b"<html>")
    with serving(busy) as server, pytest.raises(Later) as later:
        ask(Provider(server.origin, "t").create(ORDER))

    assert later.value.pause is None or 1 <= later.value.pause <= 3600


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"7",
        b'{"id": 7}',
        b"[" * 100_000,
        b"\xff",
        b'{"id":"a b"}',
    ],
)
def test_an_order_whose_answer_is_garbled_may_have_been_taken(
    private: None, body: bytes
) -> None:
    with serving(always(201, body=body)) as server, pytest.raises(Unclear):
        ask(Provider(server.origin, "t").create(ORDER))


def test_a_provider_that_never_answers(
    private: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.2)
    quick = Provider._call

    async def call(self: Provider, method: str, path: str, *_: Any, **body: Any) -> Any:
        return await quick(self, method, path, 0.2, **body)

    monkeypatch.setattr(Provider, "_call", call)
    with serving(never) as server, pytest.raises(Unclear, match="timed out"):
        ask(Provider(server.origin, "t").create(ORDER))


def test_an_endless_answer_is_cut(
    private: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 1000)
    with serving(always(body=bytes(2000))) as server, pytest.raises(Unclear):
        ask(Provider(server.origin, "t").fetch("a"))


def test_the_token_follows_no_redirect(private: None) -> None:
    with serving() as other:
        away = always(307, headers={"Location": other.origin})
        with serving(away) as server, pytest.raises(Refused):
            ask(Provider(server.origin, "secret").create(ORDER))

    assert other.calls == []


def test_a_next_page_at_another_host_is_not_read(private: None) -> None:
    with serving() as other:

        async def page(request: web.Request) -> web.Response:
            return web.json_response({"results": [], "next": f"{other.origin}/x"})

        with serving(page) as server:
            found = ask(Provider(server.origin, "secret").find("f", timezone.now()))

    assert (found, other.calls) == ([], [])


def test_a_list_that_does_not_reach_back_proves_nothing(private: None) -> None:
    async def page(request: web.Request) -> web.Response:
        newest = timezone.now().isoformat()
        rows = [{"id": "a", "created_at": newest, "input": {"x": "y"}}]
        return web.json_response({"results": rows, "next": "/predictions?cursor=1"})

    with serving(page) as server:
        provider = Provider(server.origin, "t")
        with pytest.raises(Unclear, match="too long"):
            ask(provider.find("f", timezone.now()))
        long_since = timezone.now() + module.CLOCKS_DIFFER + timedelta(seconds=60)
        assert ask(provider.find("f", long_since)) == []


@pytest.mark.parametrize("address", [None, "", 7, "ftp://x/y", "no address", {}])
def test_an_upload_without_an_address_is_tried_again(
    private: None, address: Any
) -> None:
    async def taken(request: web.Request) -> web.Response:
        return web.json_response({"urls": {"get": address}}, status=201)

    with serving(taken) as server, pytest.raises(Unclear):
        ask(Provider(server.origin, "t").upload("a.png", "image/png", b"x"))


def test_pages_are_followed(provider: Simulated) -> None:
    real = Provider(provider.base, TOKEN)

    async def order() -> tuple[str, str]:
        face = await real.upload("a.png", "image/png", b"a")
        other = await real.upload("b.png", "image/png", b"b")
        first = {"swap_image": face, "input_image": other}
        found = await real.create({"version": "v", "input": first})
        later = {"swap_image": other, "input_image": other}
        for _ in range(100):
            await real.create({"version": "v", "input": later})
        return face, found.id

    face, pk = ask(order())

    found = ask(real.find(face, timezone.now() - timedelta(minutes=1)))
    assert [each.id for each in found] == [pk]
