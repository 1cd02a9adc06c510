"""kill -9 while windows are open and pictures are on their way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.harness import Product, Simulator
from tests.e2e.judge import assert_faithful
from tests.pictures import data_url, mask, picture


@pytest.fixture(autouse=True)
def _calm_again(sim: Simulator) -> Iterator[None]:
    yield
    sim.ask("DELETE", "rules")
    sim.knobs(modal_delay=0.4)


@pytest.fixture(scope="module")
def single(product: Product) -> dict[str, Any]:
    grid = product.wait_for(product.imagine("a fox behind windows"))
    return product.wait_for(product.press(grid, "upsample::1")["result"])


def regions(product: Product, single: dict[str, Any], name: str) -> list[str]:
    """Answer a zoom and a region, and have pictures drawn and blended."""
    size = (single["imageWidth"], single["imageHeight"])
    white = data_url(mask(size, (0, 0, size[0] // 2, size[1])))
    zoom, page = product.press(single, "CustomZoom"), product.press(single, "Inpaint")
    return [
        product.answer_window(zoom, prompt=f"zoomed {name}"),
        product.answer_window(page, prompt=f"masked {name}", maskBase64=white),
        product.imagine(f"pictured {name}", base64Array=[data_url(picture())]),
    ]


@pytest.mark.parametrize("role", ["worker", "gateway"])
@pytest.mark.parametrize("moment", ["opening", "answering", "uploading"])
def test_a_process_killed_in_the_middle_loses_and_doubles_nothing(
    product: Product, sim: Simulator, single: dict[str, Any], role: str, moment: str
) -> None:
    before = len(sim.interactions())
    if moment == "opening":
        sim.knobs(modal_delay=20)  # two seconds at the tests' speed
    elif moment == "answering":
        # The window's own answer is on its way while the process dies.
        sim.rule({"route": "POST /interactions"}, {"http_delay": 1.5}, times=6)
    else:
        sim.rule({"route": "POST /channels/*/attachments"}, {"http_delay": 1.5})
    ids = regions(product, single, f"{role} {moment}")
    if moment != "uploading":
        sim.wait(interactions=before + 2)

    product.kill(role)
    product.wait_ready()
    sim.ask("DELETE", "rules")
    sim.knobs(modal_delay=0.4)
    tasks = product.wait_all(ids, limit=240)

    failed = [(t["id"], t["failReason"]) for t in tasks if t["status"] != "SUCCESS"]
    assert not failed, failed
    named = {job["uuid"]: job for job in sim.jobs()}
    drawn = [
        job
        for job in named.values()
        if f"{role} {moment}" in f"{job['prompt']} {job['echoed_prompt']}"
    ]
    assert sorted(j["uuid"] for j in drawn) == sorted(t["jobId"] for t in tasks)
    assert not sim.violations(), sim.violations()[:5]


def test_an_answer_that_is_cut_off_is_not_given_twice(
    product: Product, sim: Simulator, single: dict[str, Any]
) -> None:
    answer = product.press(single, "CustomZoom")
    sim.rule({"route": "POST /interactions", "nth": 2}, {"cut": "after"}, times=1)

    task = product.wait_for(product.answer_window(answer, prompt="cut after it left"))

    assert_faithful(product, sim, [task])
    drawn = [j for j in sim.jobs() if "cut after it left" in j["echoed_prompt"]]
    assert len(drawn) == 1


def test_an_answer_that_never_arrives_is_given_anew(
    product: Product, sim: Simulator, single: dict[str, Any]
) -> None:
    answer = product.press(single, "CustomZoom")
    sim.rule({"route": "POST /interactions", "nth": 2}, {"cut": "before"}, times=1)

    task = product.wait_for(product.answer_window(answer, prompt="cut before it came"))

    assert_faithful(product, sim, [task])
    drawn = [j for j in sim.jobs() if "cut before it came" in j["echoed_prompt"]]
    assert len(drawn) == 1
