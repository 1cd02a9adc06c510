from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from gateway.simulator.app import Simulator
from gateway.simulator.swaps.provider import TOKEN
from tests.gateway.simulator.client import running
from tests.pictures import picture

KEY = {"Authorization": f"Bearer {TOKEN}"}
QUICK = {"swap_delay": 0, "swap_time": 0}


async def upload(http: aiohttp.ClientSession, url: str, body: bytes) -> str:
    form = aiohttp.FormData()
    form.add_field("content", body, filename="a.png", content_type="image/png")
    async with http.post(f"{url}/v1/files", data=form, headers=KEY) as answer:
        assert answer.status == 201
        return str((await answer.json())["urls"]["get"])


async def order(
    http: aiohttp.ClientSession, simulator: Simulator, **changes: Any
) -> tuple[int, Any]:
    """Order a swap, wait for its end, and return the status and what is shown."""
    url = simulator.url
    face = await upload(http, url, picture())
    target = await upload(http, url, picture((40, 30), "blue"))
    given = {"swap_image": face, "input_image": target}
    body = {"version": "v", "input": given} | changes
    async with http.post(f"{url}/v1/predictions", json=body, headers=KEY) as answer:
        status, shown = answer.status, await answer.json()
    for task in list(simulator.swaps._running):
        await task
    if status == 201:
        async with http.get(shown["urls"]["get"], headers=KEY) as answer:
            shown = await answer.json()
    return status, shown


@pytest.mark.parametrize(
    ("outcome", "status", "error"),
    [
        ("succeeded", "succeeded", None),
        ("failed", "failed", "CUDA out of memory"),
        ("nsfw", "failed", "NSFW"),
        ("no_face", "failed", "No face"),
        ("stopped", "canceled", None),
        ("hang", "processing", None),
    ],
)
async def test_a_knob_decides_the_end(
    outcome: str, status: str, error: str | None
) -> None:
    async with (
        running(knobs=QUICK | {"swap_outcome": outcome}) as simulator,
        aiohttp.ClientSession() as http,
    ):
        _, shown = await order(http, simulator)

    assert shown["status"] == status
    assert (shown["error"] or "").startswith(error or "")
    assert bool(shown["output"]) is (outcome == "succeeded")


@pytest.mark.parametrize(
    "changes",
    [
        {"version": ""},
        {"input": {}},
        {"input": {"swap_image": "x", "input_image": "y"}},
    ],
)
async def test_a_wrong_order_is_answered_422(changes: dict[str, Any]) -> None:
    async with running(knobs=QUICK) as simulator, aiohttp.ClientSession() as http:
        status, shown = await order(http, simulator, **changes)

    assert (status, bool(shown["detail"])) == (422, True)
    assert not simulator.swaps.predictions


async def test_a_wrong_token_is_answered_401() -> None:
    async with running() as simulator, aiohttp.ClientSession() as http:
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            url = f"{simulator.url}/v1/predictions"
            async with http.get(url, headers=headers) as answer:
                assert answer.status == 401


async def test_a_result_that_is_fetched_with_the_token_is_a_violation() -> None:
    async with running(knobs=QUICK) as simulator, aiohttp.ClientSession() as http:
        _, shown = await order(http, simulator)
        async with http.get(shown["output"], headers=KEY) as answer:
            assert answer.status == 200

        kinds = [each["kind"] for each in simulator.core.ledger.violations]
    assert kinds == ["authorization_sent"]
