"""A verification server as operators run one: takes a job, helps or not, reports."""

import asyncio
from typing import Any

import pytest

from tests.gateway.rest_server import serving
from tests.gateway.simulator.bot.test_verification import VERIFY, challenged
from tests.gateway.simulator.client import client, running

Json = dict[str, Any]


def job(url: str, base: str) -> Json:
    return {
        "url": url,
        "state": "1201",
        "notifyHook": base,
        "secret": "shared",
        "success": False,
        "message": "",
    }


@pytest.mark.parametrize("in_capitals", [False, True])
@pytest.mark.parametrize("verifier", ["success", "failure"])
@pytest.mark.asyncio
async def test_it_reports_how_it_fared(verifier: str, in_capitals: bool) -> None:
    knobs = {"verifier": verifier}
    async with (
        serving() as product,
        running(knobs=knobs) as simulator,
        client(simulator) as one,
    ):
        product.says(200, "")
        await one.sim("POST", "/rules", VERIFY)
        await one.imagine("a blue fox")
        page = await challenged(one)
        token = page["custom_id"].removeprefix("MJ::iframe::")
        url = f"{one.url}/captcha/api/c/{token}/ack?hash=1"
        body = job(url, product.url)
        if in_capitals:
            body = {k[0].upper() + k[1:]: v for k, v in body.items()}
        async with one.http.post(f"{one.url}/cf/verify", json=body) as response:
            taken = response.status
        await asyncio.wait_for(product.arrived.wait(), 10)

        assert taken == 200
        (seen,) = product.seen
        assert seen.url == f"{product.url}/mj/admin/account-cf-notify"
        helped = verifier == "success"
        assert f'"success": {str(helped).lower()}'.encode() in seen.body
        assert b'"secret": "shared"' in seen.body
        assert (await one.sim("GET", "/accounts"))[0]["challenged"] is not helped


@pytest.mark.asyncio
async def test_it_does_not_report_on_a_timeout() -> None:
    async with (
        serving() as product,
        running(knobs={"verifier": "timeout"}) as simulator,
        client(simulator) as one,
    ):
        body = job("x", product.url)
        async with one.http.post(f"{one.url}/cf/verify", json=body) as response:
            assert response.status == 200
        (running_job,) = simulator.verifier._jobs.values()
        await asyncio.wait_for(running_job, 10)

        assert product.seen == []


@pytest.mark.parametrize(
    ("knob", "raw", "status"),
    [
        ("refuse", b'{"state": "1"}', 503),
        ("success", b"", 400),
        ("success", b"[]", 400),
        ("success", b'{"state": ""}', 400),
    ],
)
@pytest.mark.asyncio
async def test_it_refuses(knob: str, raw: bytes, status: int) -> None:
    async with (
        running(knobs={"verifier": knob}) as simulator,
        client(simulator) as one,
        one.http.post(f"{one.url}/cf/verify", data=raw) as response,
    ):
        assert response.status == status
        if status == 400:
            assert await response.text() == "State 不能为空"
