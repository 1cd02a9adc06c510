"""The last look at a claim before its post, and what keeps a post waiting."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from accounts.models import DiscordAccount
from gateway import timing
from gateway.discord import activity_host
from gateway.discord.rest import DiscordHttp
from gateway.protocol import payloads
from gateway.protocol.answers import Verdict
from gateway.sending import post_claim, posting
from gateway.sending.post_claim import PostClaim
from tests.gateway.rest_server import BODY, Server, addresses, identity, serving

pytestmark = pytest.mark.django_db(transaction=True)

OLD = timing.LATE_POST + 1.0
PATIENCE = 20


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as found:
        yield found


@pytest.fixture
async def http(server: Server) -> AsyncIterator[DiscordHttp]:
    client = DiscordHttp(identity(), addresses(server.url))
    yield client
    await client.aclose()


class Row:
    """A claim's row, that says yes until it has moved on."""

    def __init__(self, *, holds: bool = True) -> None:
        self.holds = holds
        self.renewals: list[tuple[str, str]] = []

    def renew(self, old: str, fresh: str) -> bool:
        self.renewals.append((old, fresh))
        return self.holds

    def claim(self, age: float = 0.0) -> PostClaim:
        return PostClaim("96", self.renew, time.monotonic() - age)


async def test_a_young_claim_costs_no_update() -> None:
    row = Row()

    assert await row.claim().holds()
    assert row.renewals == []


async def test_an_old_claim_is_renewed_under_its_nonce() -> None:
    row = Row()
    claim = row.claim(OLD)

    assert await claim.holds()
    assert await claim.holds()
    assert row.renewals == [("96", "96")]


async def test_an_old_claim_that_was_given_up_is_lost() -> None:
    assert not await Row(holds=False).claim(OLD).holds()


async def test_a_slow_update_makes_no_claim_young(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moments = iter([OLD, OLD, 2 * OLD, 2 * OLD, 2 * OLD + 0.1])
    monkeypatch.setattr(post_claim, "monotonic", lambda: next(moments))
    row = Row()

    assert await PostClaim("96", row.renew, since=0.0).holds()
    assert len(row.renewals) == 2


async def test_a_fresh_nonce_makes_a_claim_young() -> None:
    row = Row()
    claim = row.claim(OLD)

    assert await claim.rename()
    assert await claim.holds()
    assert row.renewals == [("96", claim.nonce)]
    assert claim.nonce != "96"


async def test_a_claim_that_ran_out_while_it_waited_for_a_slot_is_not_posted(
    server: Server, http: DiscordHttp
) -> None:
    row = Row(holds=False)
    claim = row.claim()
    http.slot = asyncio.Semaphore(1)
    await http.slot.acquire()
    post = asyncio.create_task(
        posting.post_once(http, make_unsaved_account(), BODY, claim)
    )
    await asyncio.sleep(0)
    claim.since -= OLD
    http.slot.release()

    assert await post is None
    assert server.seen == []


def make_unsaved_account() -> DiscordAccount:
    return DiscordAccount(pk=1)


async def test_uploads_and_reading_take_no_slot_of_a_post(
    server: Server, http: DiscordHttp
) -> None:
    go_on, uploading = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        if request.method == "PUT":
            if len(server.seen) == 10:
                uploading.set()
            await go_on.wait()
        return web.Response(status=204)

    server.answer = slow
    uploads = [
        asyncio.create_task(
            http.send_plainly("PUT", f"{server.url}/{n}", headers={}, data=b"x")
        )
        for n in range(20)
    ]
    await asyncio.wait_for(uploading.wait(), PATIENCE)

    async with asyncio.timeout(timing.INTERACTION_TIMEOUT):
        interaction = await http.post_interaction(BODY)
        page = await activity_host.submit_mask(
            _with_activity(http, server), payloads.masked("", "", "")
        )

    assert interaction.verdict is page.verdict is Verdict.ACCEPTED
    go_on.set()
    await asyncio.gather(*uploads)


def _with_activity(http: DiscordHttp, server: Server) -> Any:
    http.addresses = addresses(server.url, activity=server.url)
    return http


async def test_a_mask_whose_answer_trickles_ends_within_its_time(
    server: Server, http: DiscordHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "PLAIN_TIMEOUT", 0.5)
    enough = asyncio.Event()

    async def trickle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while not enough.is_set():
            await response.write(b" ")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(enough.wait(), 0.05)
        return response

    server.answer = trickle

    async with asyncio.timeout(PATIENCE):
        answer = await activity_host.submit_mask(
            _with_activity(http, server), payloads.masked("", "", "")
        )

    enough.set()
    assert answer.verdict is Verdict.UNKNOWN
    assert len(server.seen) == 1
