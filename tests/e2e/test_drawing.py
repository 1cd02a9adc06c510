"""One drawing through every real part."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.e2e.harness import Product, Simulator, eventually
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
    assert sim.job_of(task)["state"] == "stopped"


PRESS = {"route": "POST /interactions", "custom_id": "CancelJob"}
# How a press of Cancel may come to nothing, by a word of the prompt.
IN_VAIN: dict[str, dict[str, Any]] = {
    "broken": {"http": {"status": 500, "body": {"message": "Internal"}}},
    "unknown": {"http": {"status": 404, "body": {"code": 10008, "message": "Unknown"}}},
    "limited": {"http": {"status": 429, "body": {"retry_after": 0.5}}},
    "cut": {"cut": "before"},
    "failure": {"notice": "internal", "form": "G"},
    "reply": {"notice": "no_running_job"},
    "silence": {"silent": True},
}


def test_a_cancel_that_comes_to_nothing_is_pressed_again(
    product: Product, sim: Simulator
) -> None:
    sim.knobs(concurrency=9)
    rules = [sim.rule({"prompt_regex": "in vain"}, {"hang_at": 31})]
    for word, effect in IN_VAIN.items():
        match = PRESS | {"prompt_regex": f"{word} in vain"}
        rules.append(sim.rule(match, effect, times=1))
    ids = [product.imagine(f"{word} in vain") for word in IN_VAIN]
    for task_id in ids:
        product.wait_for(task_id, "IN_PROGRESS")

    for task_id in ids:
        product.api("POST", f"/mj/task/{task_id}/cancel")
    tasks = product.wait_all(ids)

    assert ["cancel" in task["failReason"] for task in tasks] == [True] * len(ids)
    assert {sim.job_of(task)["state"] for task in tasks} == {"stopped"}
    presses = [i for i in sim.interactions() if "CancelJob" in i["custom_id"]]
    named = Counter(i["custom_id"].rpartition("::")[2] for i in presses)
    assert [named[task["jobId"]] for task in tasks] == [2] * len(ids)
    for rule in rules:
        sim.ask("DELETE", f"rules/{rule}")
    sim.knobs(concurrency=0)


def test_a_job_that_was_queued_when_it_was_cancelled_is_stopped_once_it_starts(
    product: Product, sim: Simulator
) -> None:
    sim.knobs(concurrency=1)
    rules = [
        sim.rule({"prompt_regex": "in the way"}, {"finish_at": 31}, times=1),
        # Its whole job would take less time than a cancel on a busy machine.
        sim.rule({"prompt_regex": "queued behind it"}, {"hang_at": 31}),
    ]
    here: dict[str, Any] = {
        "accountFilter": {"instanceId": product.accounts[0].channel_id}
    }
    first = product.imagine("in the way", **here)
    product.wait_for(first, "IN_PROGRESS")
    second = product.imagine("queued behind it", **here)
    eventually(
        lambda: product.task(second)["properties"]["progressMessageId"],
        what="Midjourney has queued it",
    )

    product.api("POST", f"/mj/task/{second}/cancel")
    eventually(
        lambda: [i for i in sim.interactions() if i["command"] == "Cancel Job"],
        what="Cancel is pressed in vain",
    )
    assert product.task(second)["status"] == "SUBMITTED"
    sim.ask("POST", "release", {})
    ended = product.wait_all([first, second])
    for rule in rules:
        sim.ask("DELETE", f"rules/{rule}")
    sim.knobs(concurrency=0)

    assert [task["status"] for task in ended] == ["SUCCESS", "FAILURE"]
    assert "cancel" in ended[1]["failReason"]
    jobs = [job for job in sim.jobs() if job["prompt"].startswith("queued behind it")]
    assert [job["state"] for job in jobs] == ["stopped"]


def test_a_cancel_waits_for_an_account_that_is_away(
    product: Product, sim: Simulator
) -> None:
    rule = sim.rule({"prompt_regex": "while it is away"}, {"hang_at": 31})
    task_id = product.imagine("while it is away")
    product.wait_for(task_id, "IN_PROGRESS")
    sim.ask("POST", "gateway/close", {"code": 4000, "seconds": 3})

    product.api("POST", f"/mj/task/{task_id}/cancel")
    task = product.wait_for(task_id)
    sim.ask("DELETE", f"rules/{rule}")

    assert "cancel" in task["failReason"]
    assert sim.job_of(task)["state"] == "stopped"


def test_a_prompt_from_a_chinese_keyboard_arrives_as_midjourney_takes_it(
    product: Product, sim: Simulator
) -> None:
    task = product.wait_for(
        product.imagine("狐狸，10–20 只 －－ａｒ　３：２ −−no 帽子")
    )

    assert task["status"] == "SUCCESS"
    assert sim.job_of(task)["prompt"] == "狐狸，10–20 只 --ar 3:2 --no 帽子"


def test_a_task_tells_why_it_waits_and_for_how_long(
    product: Product, sim: Simulator
) -> None:
    here: dict[str, Any] = {
        "accountFilter": {"instanceId": product.accounts[1].channel_id}
    }
    product.wait_for(product.imagine("drawn before", **here))
    rule = sim.rule({"prompt_regex": "takes its time"}, {"finish_at": 31}, times=3)
    slow = [product.imagine(f"{n} takes its time", **here) for n in range(3)]
    for task_id in slow:
        product.wait_for(task_id, "IN_PROGRESS")
    waiting = [product.imagine(f"{n} waits", **here) for n in range(4)]

    told = [task["properties"] for task in product.tasks(waiting)]
    look = product.task(waiting[3])["properties"]
    sim.ask("POST", "release", {})
    ended = product.wait_all([*slow, *waiting])
    sim.ask("DELETE", f"rules/{rule}")

    for ahead, each in enumerate(told):
        assert "draws as many as it may (3)" in each["waitingFor"]
        assert each["waitingFor"].endswith(f"tasks before it: {ahead}")
    etas = [each["etaSeconds"] for each in told]
    assert etas[0] == etas[2] > 0
    assert etas[3] in (2 * etas[0] - 1, 2 * etas[0], 2 * etas[0] + 1)
    assert look["waitingFor"] == told[3]["waitingFor"]
    left = [task["properties"] for task in ended]
    assert {(each["waitingFor"], each["etaSeconds"]) for each in left} == {(None, None)}


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
