"""One drawing through every real part."""

from __future__ import annotations

import pytest

from tests.e2e.harness import Product, Simulator
from tests.e2e.judge import assert_faithful


def test_a_drawing_and_its_buttons_end_with_their_own_pictures(
    product: Product, sim: Simulator
) -> None:
    grid = product.wait_for(product.imagine("a lighthouse at dawn --ar 3:2"))
    children = [
        product.submit("change", taskId=grid["id"], action="UPSCALE", index=2),
        product.submit("change", taskId=grid["id"], action="VARIATION", index=1),
        product.submit("simple-change", content=f"{grid['id']} V3"),
        product.submit("change", taskId=grid["id"], action="REROLL"),
        product.submit(
            "action", taskId=grid["id"], customId=grid["buttons"][0]["customId"]
        ),
    ]

    tasks = product.wait_all(children)

    assert_faithful(product, sim, [grid, *tasks])
    jobs = {job["uuid"]: job for job in sim.jobs()}
    assert [jobs[t["jobId"]]["index"] for t in tasks[:3]] == [2, 1, 3]
    assert {jobs[t["jobId"]]["parent_job"] for t in tasks} == {grid["jobId"]}


def test_a_single_picture_can_be_zoomed_and_panned(
    product: Product, sim: Simulator
) -> None:
    grid = product.wait_for(product.imagine("a harbour"))
    single = product.wait_for(
        product.submit("change", taskId=grid["id"], action="UPSCALE", index=1)
    )
    wanted = ("Outpaint::50", "pan_left", "low_variation", "2x_subtle")
    ids = [
        next(b["customId"] for b in single["buttons"] if part in b["customId"])
        for part in wanted
    ]

    tasks = product.wait_all(
        [product.submit("action", taskId=single["id"], customId=i) for i in ids]
    )

    assert_faithful(product, sim, tasks)


def test_a_running_drawing_is_cancelled_at_midjourney(
    product: Product, sim: Simulator
) -> None:
    rule = sim.rule({"prompt_regex": "to be stopped"}, {"hang_at": 31})
    task_id = product.imagine("to be stopped")
    product.wait_for(task_id, "IN_PROGRESS")

    product.api("POST", f"/mj/task/{task_id}/cancel")
    task = product.wait_for(task_id)
    sim.ask("DELETE", f"rules/{rule}")

    assert task["status"] == "FAILURE"
    assert "cancel" in task["failReason"]
    job = next(j for j in sim.jobs() if j["uuid"] == task["jobId"])
    assert job["state"] in ("stopped", "cancelled", "canceled"), job["state"]


@pytest.mark.parametrize(
    ("notice", "form"),
    [
        ("banned_prompt", "A"),
        ("invalid_link", "B"),
        ("moderated", "C"),
        ("internal", "D"),
        ("internal", "E"),
        ("internal_text", "E"),
        ("internal", "G"),
    ],
)
def test_a_notice_ends_the_drawing_with_its_reason(
    product: Product, sim: Simulator, notice: str, form: str
) -> None:
    prompt = f"refused {notice} {form}"
    rule = sim.rule({"prompt_regex": prompt}, {"notice": notice, "form": form})

    task = product.wait_for(product.imagine(prompt))
    sim.ask("DELETE", f"rules/{rule}")

    assert task["status"] == "FAILURE"
    assert task["failReason"]
    assert task["buttons"] == []


def test_a_deleted_progress_message_fails_the_drawing_soon(
    product: Product, sim: Simulator
) -> None:
    rule = sim.rule({"prompt_regex": "vanishes"}, {"vanish_at": 62})

    task = product.wait_for(product.imagine("a thing that vanishes"))
    sim.ask("DELETE", f"rules/{rule}")

    assert task["status"] == "FAILURE"
    assert "removed" in task["failReason"]
