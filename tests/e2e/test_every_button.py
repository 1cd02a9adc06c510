"""Every button of every message: pressed, and its picture compared with the ledger."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.e2e.harness import Product, Simulator
from tests.e2e.remix_mode import remix
from tests.pictures import data_url, mask

MARKS = ("BOOKMARK", "Inpaint")  # no drawing; tested with its mask elsewhere


def ids_of(task: dict[str, Any]) -> list[str]:
    ids = [str(button["customId"]) for button in task["buttons"]]
    return [i for i in ids if not any(mark in i for mark in MARKS)]


def press_all(product: Product, task: dict[str, Any]) -> list[dict[str, Any]]:
    """Press each button at once, answer what asks; return the drawings."""
    answers = [product.press(task, custom_id) for custom_id in ids_of(task)]
    for answer in answers:
        if answer["code"] == 21:
            product.submit("modal", taskId=answer["result"])
    return product.wait_all([answer["result"] for answer in answers], limit=240)


def assert_drawn(
    product: Product, sim: Simulator, parent: dict[str, Any], tasks: list[Any]
) -> None:
    """Each task has its own job's bytes, and the job came from the parent's."""
    jobs = {job["message_id"]: job for job in sim.jobs()}
    for task in tasks:
        assert task["status"] == "SUCCESS", (task["customId"], task["failReason"])
        job = jobs[task["messageId"]]
        digest = hashlib.sha256(product.picture(task)).hexdigest()
        assert digest == job["picture_sha256"], task["customId"]
        assert job["parent_job"] == parent["jobId"], task["customId"]
        assert task["parentId"] == parent["id"]
    assert len({task["messageId"] for task in tasks}) == len(tasks)
    assert not sim.violations(), sim.violations()[:3]


@pytest.mark.parametrize("version", ["7", "6.1", "5.2", "niji"])
def test_all_buttons_of_a_grid_and_of_a_single_picture(
    product: Product, sim: Simulator, version: str
) -> None:
    niji = version == "niji"
    prompt = "a fox --ar 3:2" if niji else f"a fox --ar 3:2 --v {version}"
    body = {"botType": "NIJI_JOURNEY"} if niji else {}
    grid = product.wait_for(product.imagine(prompt, **body))

    from_grid = press_all(product, grid)
    single = next(t for t in from_grid if "upsample::1" in t["customId"])
    from_single = press_all(product, single)

    assert_drawn(product, sim, grid, from_grid)
    assert_drawn(product, sim, single, from_single)
    assert any("Outpaint::100" in t["customId"] for t in from_single)
    large = [t for t in from_single if "::upsample_" in t["customId"]]
    assert len(large) == 2
    assert_drawn(product, sim, large[0], press_all(product, large[0]))


def test_all_windows_of_remix_mode(product: Product, sim: Simulator) -> None:
    grid = product.wait_for(product.imagine("an owl --ar 1:1"))
    single = product.wait_for(product.press(grid, "upsample::4")["result"])
    remix(product, sim, on=True)
    try:
        wanted = [(grid, "variation::1"), (grid, "reroll")]
        wanted += [
            (single, part)
            for part in ("low_variation", "high_variation", "animate_high")
            + ("pan_left", "pan_right", "pan_up", "pan_down")
        ]
        answers = [product.press(task, part) for task, part in wanted]
        for number, answer in enumerate(answers):
            assert answer["code"] == 21, answer
            product.submit(
                "modal", taskId=answer["result"], prompt=f"an owl, number {number}"
            )
        tasks = product.wait_all([a["result"] for a in answers], limit=240)
    finally:
        remix(product, sim, on=False)

    for number, ((parent, _), task) in enumerate(zip(wanted, tasks, strict=True)):
        assert_drawn(product, sim, parent, [task])
        assert f"an owl, number {number}" in task["properties"]["finalPrompt"]


def test_all_buttons_of_a_clip(product: Product, sim: Simulator) -> None:
    grid = product.wait_for(product.imagine("a heron"))
    single = product.wait_for(product.press(grid, "upsample::2")["result"])
    video = product.wait_for(product.press(single, "animate_high")["result"])

    clips = press_all(product, video)
    clip = next(t for t in clips if "upscale::3" in t["customId"])

    assert_drawn(product, sim, video, clips)
    assert_drawn(product, sim, clip, press_all(product, clip))


def test_regions_of_two_masks_are_not_swapped(product: Product, sim: Simulator) -> None:
    grid = product.wait_for(product.imagine("a wall"))
    single = product.wait_for(product.press(grid, "upsample::1")["result"])
    width, height = single["imageWidth"], single["imageHeight"]
    parts = [(0, 0, width // 2, height), (0, 0, width, height // 4)]

    answers = [product.press(single, "Inpaint") for _ in parts]
    ids = [
        product.answer_window(
            answer,
            prompt="a window",
            maskBase64=data_url(mask((width, height), part)),
        )
        for answer, part in zip(answers, parts, strict=True)
    ]
    tasks = product.wait_all(ids)

    assert_drawn(product, sim, single, tasks)
    jobs = {job["message_id"]: job for job in sim.jobs()}
    white = [jobs[task["messageId"]]["mask_white"] for task in tasks]
    assert white == [pytest.approx(0.5, abs=0.02), pytest.approx(0.25, abs=0.02)]
