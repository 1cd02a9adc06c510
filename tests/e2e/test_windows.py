"""Windows: remix, zoom, region, each through the real processes."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.e2e.harness import Product, Simulator
from tests.e2e.judge import assert_faithful, assert_own_picture
from tests.e2e.remix_mode import remix
from tests.pictures import data_url, mask, picture


@pytest.fixture(scope="module")
def grid(product: Product) -> dict[str, Any]:
    return product.wait_for(product.imagine("a red fox in snow --ar 1:1"))


@pytest.fixture(scope="module")
def single(product: Product, grid: dict[str, Any]) -> dict[str, Any]:
    upscale = product.submit("change", taskId=grid["id"], action="UPSCALE", index=2)
    return product.wait_for(upscale)


def test_custom_zoom_draws_the_prompt_of_the_window(
    product: Product, sim: Simulator, single: dict[str, Any]
) -> None:
    answer = product.press(single, "CustomZoom")
    waiting = product.task(answer["result"])

    task_id = product.answer_window(answer, prompt="a red fox at night --zoom 1.7")
    task = product.wait_for(task_id)

    assert (waiting["status"], answer["description"]) == (
        "MODAL",
        "Waiting for window confirm",
    )
    assert answer["properties"]["finalPrompt"].endswith("--zoom 2")
    assert task["id"] == answer["result"]
    assert_faithful(product, sim, [task])
    job = sim.job_of(task)
    assert "a red fox at night" in job["echoed_prompt"]
    assert "--zoom 1.7" in job["echoed_prompt"]
    assert task["parentId"] == single["id"]


def test_a_region_is_drawn_anew_as_the_mask_says(
    product: Product, sim: Simulator, single: dict[str, Any]
) -> None:
    size = (single["imageWidth"], single["imageHeight"])
    drawn = mask(size, (0, 0, size[0] // 2, size[1] // 4))

    answer = product.press(single, "Inpaint")
    task_id = product.answer_window(
        answer, prompt="a red scarf", maskBase64=data_url(drawn)
    )
    task = product.wait_for(task_id)

    assert task["status"] == "SUCCESS", task["failReason"]
    job = sim.job_of(task)
    digest = hashlib.sha256(product.picture(task)).hexdigest()
    assert digest == job["picture_sha256"]
    assert job["mask_white"] == pytest.approx(0.125, abs=0.01)
    assert not sim.violations(), sim.violations()


def test_a_region_without_words_is_sent_as_it_was_offered(
    product: Product, sim: Simulator, single: dict[str, Any]
) -> None:
    size = (single["imageWidth"], single["imageHeight"])
    drawn = mask(size, (0, 0, size[0] // 2, size[1] // 4))

    answer = product.press(single, "Inpaint")
    task = product.wait_for(product.answer_window(answer, maskBase64=data_url(drawn)))

    offered = answer["properties"]["finalPrompt"]
    assert "a red fox in snow" in offered
    assert sim.job_of(task)["prompt"] == offered


def test_remix_asks_for_the_prompt_of_a_variation(
    product: Product, sim: Simulator, grid: dict[str, Any]
) -> None:
    remix(product, sim, on=True)
    try:
        answer = product.press(grid, "variation::3")
        task_id = product.answer_window(answer, prompt="a blue fox in snow")
        task = product.wait_for(task_id)
    finally:
        remix(product, sim, on=False)

    assert task["status"] == "SUCCESS", task["failReason"]
    job = sim.job_of(task)
    assert "a blue fox" in job["echoed_prompt"]
    assert (job["index"], job["parent_job"]) == (3, grid["jobId"])
    assert_faithful(product, sim, [task])


def test_a_window_that_nobody_expected_is_answered_with_what_it_offers(
    product: Product, sim: Simulator, grid: dict[str, Any]
) -> None:
    rule = sim.rule({"custom_id": "variation::4"}, {"window": "open"})

    answer = product.press(grid, "variation::4")
    task = product.wait_for(answer["result"])
    sim.ask("DELETE", f"rules/{rule}")
    remix(product, sim, on=False)

    assert answer["code"] == 1
    assert task["status"] == "SUCCESS", task["failReason"]
    assert "a red fox in snow" in sim.job_of(task)["echoed_prompt"]


def test_a_window_that_does_not_open_leaves_a_plain_drawing(
    product: Product, sim: Simulator, grid: dict[str, Any]
) -> None:
    remix(product, sim, on=True)
    rule = sim.rule({"custom_id": "variation::2"}, {"window": "none"})
    try:
        answer = product.press(grid, "variation::2")
        task = product.wait_for(product.answer_window(answer, prompt="a green fox"))
    finally:
        sim.ask("DELETE", f"rules/{rule}")
        remix(product, sim, on=False)

    assert task["status"] == "SUCCESS", task["failReason"]
    assert not task["properties"]["remix"]


def test_a_window_whose_event_is_lost_is_found_again(
    product: Product, sim: Simulator, single: dict[str, Any]
) -> None:
    rule = sim.rule({"custom_id": "CustomZoom"}, {"window": "lost"}, times=1)

    answer = product.press(single, "CustomZoom")
    task = product.wait_for(product.answer_window(answer, prompt="a lost fox"))
    sim.ask("DELETE", f"rules/{rule}")

    assert task["status"] == "SUCCESS", task["failReason"]
    assert "a lost fox" in sim.job_of(task)["echoed_prompt"]
    assert_own_picture(product, sim.job_of(task), task)


def test_a_window_is_answered_once(
    product: Product, sim: Simulator, single: dict[str, Any]
) -> None:
    answer = product.press(single, "CustomZoom")
    body = {"taskId": answer["result"], "prompt": "a fox, once"}

    said = [product.api("POST", "/mj/submit/modal", body) for _ in range(3)]
    product.wait_for(answer["result"])

    assert [s["code"] for s in said] == [1, 4, 4]
    assert said[1]["description"] == "窗口已提交或已过期"
    drawn = [j for j in sim.jobs() if "a fox, once" in j["echoed_prompt"]]
    assert len(drawn) == 1


def test_a_closed_window_ends_its_task_and_presses_nothing(
    product: Product, sim: Simulator, single: dict[str, Any]
) -> None:
    before = len(sim.interactions())
    answer = product.press(single, "CustomZoom")

    product.api("POST", f"/mj/task/{answer['result']}/cancel")

    assert product.task(answer["result"])["status"] == "FAILURE"
    refused = product.api("POST", "/mj/submit/modal", {"taskId": answer["result"]})
    assert refused["code"] == 4
    assert len(sim.interactions()) == before


def test_a_mask_that_selects_nothing_is_refused_and_the_window_stays(
    product: Product, single: dict[str, Any]
) -> None:
    answer = product.press(single, "Inpaint")
    wrong = data_url(picture((30, 10), "black"))

    body = {"taskId": answer["result"], "prompt": "x", "maskBase64": wrong}
    refused = product.api("POST", "/mj/submit/modal", body)

    assert (refused["code"], refused["result"]) == (4, None)
    assert product.task(answer["result"])["status"] == "MODAL"
