"""Verification: an account must prove that it is human."""

from typing import Any

import pytest

from tests.gateway.simulator.client import Client, button, client, running
from tests.gateway.simulator.window_client import grid

Json = dict[str, Any]
VERIFY = {"match": {"account": "account-1"}, "effect": {"verify": True}, "times": 1}


async def challenged(one: Client) -> Json:
    """The page in answer to the interaction that was sent last."""
    nonce = one.last_nonce
    page = await one.event(
        "INTERACTION_IFRAME_MODAL_CREATE", lambda d: d["nonce"] == nonce
    )
    await one.event("INTERACTION_SUCCESS", lambda d: d["nonce"] == nonce)
    return page


async def acknowledged(one: Client, page: Json) -> Json:
    token = page["custom_id"].removeprefix("MJ::iframe::")
    url = f"{one.url}/captcha/api/c/{token}/ack?hash=1"
    async with one.http.get(url) as response:
        assert response.status == 200
        keys: Json = await response.json()
        assert keys["token"] == token
        return keys


async def press(one: Client, keys: Json) -> int:
    url = f"{one.url}/captcha/challenge/verify"
    async with one.http.post(url, data=keys) as response:
        return response.status


@pytest.mark.asyncio
async def test_every_interaction_is_challenged_until_the_button_is_pressed() -> None:
    async with running() as simulator, client(simulator) as one:
        source = await grid(one)
        await one.sim("POST", "/rules", VERIFY)
        await one.imagine("a blue fox")
        first = await challenged(one)
        await one.click(source, button(source, "V1"))
        second = await challenged(one)
        keys = await acknowledged(one, first)
        pressed = await press(one, keys)
        await one.imagine("a green fox")

        assert first["title"] == "Action required to continue"
        assert first["iframe_path"] == "captcha/embedded/index.html"
        assert first["custom_id"] == second["custom_id"]
        assert pressed == 200
        assert await one.final("a green fox")
        jobs = (await one.sim("GET", "/ledger?fields=jobs"))["jobs"]
        assert [job["prompt"] for job in jobs] == ["a red fox --v 7", "a green fox"]


@pytest.mark.asyncio
async def test_the_control_api_verifies_too() -> None:
    async with running() as simulator, client(simulator) as one:
        await one.sim("POST", "/rules", VERIFY)
        await one.imagine("a blue fox")
        page = await challenged(one)
        before = (await one.sim("GET", "/accounts"))[0]["challenged"]
        told = await one.sim("POST", "/verify", {"account": "account-1"})
        token = page["custom_id"].removeprefix("MJ::iframe::")
        url = f"{one.url}/captcha/api/c/{token}/ack?hash=1"
        async with one.http.get(url) as response:
            status = response.status
        await one.imagine("a green fox")

        assert before
        assert told == {"account": "account-1", "was_challenged": True}
        assert status == 404
        assert await one.final("a green fox")


@pytest.mark.asyncio
async def test_other_accounts_go_on() -> None:
    async with (
        running() as simulator,
        client(simulator) as one,
        client(simulator, 2) as two,
    ):
        await one.sim("POST", "/rules", VERIFY)
        await one.imagine("a blue fox")
        await challenged(one)
        await two.imagine("a green fox")

        assert await two.final("a green fox")


@pytest.mark.asyncio
async def test_the_page_shows_its_keys_and_nothing_else() -> None:
    async with running() as simulator, client(simulator) as one:
        for place in ("challenge", "embedded"):
            url = f"{one.url}/captcha/{place}/index.html"
            query = {"hash": "h1", "token": '"><script>'}
            async with one.http.get(url, params=query) as response:
                text = await response.text()
            assert 'value="h1"' in text
            assert "<script>" not in text


@pytest.mark.parametrize("keys", [{}, {"hash": "x", "token": "y"}])
@pytest.mark.asyncio
async def test_wrong_keys_verify_nobody(keys: Json) -> None:
    async with running() as simulator, client(simulator) as one:
        await one.sim("POST", "/rules", VERIFY)
        await one.imagine("a blue fox")
        right = await acknowledged(one, await challenged(one))

        assert await press(one, keys) == 404
        assert await press(one, {**right, "token": "other"}) == 404
        assert (await one.sim("GET", "/accounts"))[0]["challenged"]


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"account": "nobody"}'])
@pytest.mark.asyncio
async def test_only_accounts_can_be_verified(raw: bytes) -> None:
    async with (
        running() as simulator,
        client(simulator) as one,
        one.http.post(f"{one.url}/_sim/verify", data=raw) as response,
    ):
        assert response.status == 400
