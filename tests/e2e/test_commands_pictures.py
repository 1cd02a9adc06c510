"""Pictures as phones, storages and we ourselves give them: through real processes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

import pytest
from aiohttp import web

from tests.e2e.harness import Product, Simulator, call
from tests.http_server import Server, serving
from tests.pictures import bare, data_url, phone, picture

RED = picture(colour="red")


@pytest.fixture(scope="module")
def grid(product: Product) -> dict[str, Any]:
    return product.wait_for(product.imagine("a quiet harbour"))


SIGNED = "/p%28x%29/a?X-Amz-Credential=AK%2F2026&a[0]=%2b"


async def _unlabelled(request: web.Request) -> web.Response:
    if request.path == "/gone":
        return web.Response(status=404)
    if request.path == "/page":
        return web.Response(text="<html>", content_type="text/html")
    kind = {"Content-Type": "application/octet-stream"}
    return web.Response(body=phone(), headers=kind)


@pytest.fixture
def site() -> Iterator[Server]:
    with serving(_unlabelled) as server:
        yield server


@pytest.mark.parametrize("form", [data_url, bare, "link"])
def test_a_phones_picture_is_taken_everywhere(
    product: Product, sim: Simulator, site: Server, form: Any
) -> None:
    given = site.origin + SIGNED if form == "link" else form(phone())
    asked = [
        product.submit("describe", base64=given),
        product.submit("blend", base64Array=[given, data_url(RED)]),
        product.imagine(f"a phone {form}", base64Array=[given]),
        product.submit("video", prompt=f"runs {form}", image=given),
    ]
    if form == "link":
        asked.append(product.imagine(f"like, {given}, --sref {given}"))
    uploaded = product.api(
        "POST", "/mj/submit/upload-discord-images", {"base64Array": [given]}
    )

    for task in product.wait_all(asked):
        assert task["status"] == "SUCCESS", task["failReason"]
    assert [call("GET", link)[1] for link in uploaded["result"]] == [phone()]
    assert {call.target for call in site.calls} <= {SIGNED}


@pytest.mark.parametrize("path", ["/gone", "/page"])
def test_a_link_without_a_picture_is_told_after_one_look(
    product: Product, sim: Simulator, site: Server, path: str
) -> None:
    before = len(sim.interactions())

    task = product.wait_for(product.imagine(f"{site.origin}{path} fox{path}"))

    assert task["status"] == "FAILURE"
    assert "链接错误" in task["failReason"]
    assert len(site.calls) == 1
    assert len(sim.interactions()) == before


def test_a_result_is_shown_for_what_it_is_whatever_the_cdn_calls_it(
    product: Product, sim: Simulator
) -> None:
    sim.knobs(cdn_type="application/octet-stream")
    try:
        task = product.wait_for(product.imagine("a fox without a label"))
        with urlopen(task["imageUrl"]) as answer:  # noqa: S310
            shown, kind = answer.read(), answer.headers["Content-Type"]
    finally:
        sim.knobs(cdn_type="")

    assert kind == "image/png"
    assert shown.startswith(b"\x89PNG")


def test_what_was_drawn_is_drawn_from_without_a_fetch(
    product: Product, sim: Simulator, grid: dict[str, Any]
) -> None:
    shown = grid["imageUrl"]
    body = call("GET", shown)[1]
    elsewhere = shown.replace("127.0.0.1", "mj_proxy")

    drawn = product.imagine(f"{elsewhere} in winter --sref {shown}?x=1")
    described = product.submit("describe", link=elsewhere)

    for task in product.wait_all([drawn, described]):
        assert task["status"] == "SUCCESS", task["failReason"]
    links = [w for w in product.task(drawn)["promptEn"].split() if "http" in w]
    assert [call("GET", link)[1] for link in links] == [body, body]
    known = product.api("POST", "/mj/submit/show", {"jobId": shown})
    assert known["result"] == grid["id"]
