"""Faults between us and Discord; the ledger shows that nothing is lost or doubled."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from tests.e2e.calls import call
from tests.e2e.harness import Product, Simulator, eventually
from tests.e2e.judge import assert_faithful
from tests.pictures import data_url, mask


@pytest.fixture(autouse=True)
def _calm_again(sim: Simulator) -> Iterator[None]:
    yield
    sim.ask("DELETE", "rules")
    sim.ask("POST", "release", {})


def draw(product: Product, name: str, count: int = 4) -> list[str]:
    return [product.imagine(f"{name} number {n}") for n in range(count)]


def test_redis_emptied_in_the_middle(product: Product, sim: Simulator) -> None:
    rule = sim.rule({"kind": "imagine"}, {"finish_at": 31})
    ids = draw(product, "without redis", 12)
    for task_id in ids[:3]:
        product.wait_for(task_id, "IN_PROGRESS")

    url = os.environ.get("REDIS_URL") or f"unix://{product.data}/redis.sock"
    redis.Redis.from_url(url).flushall()
    sim.ask("DELETE", f"rules/{rule}")
    sim.ask("POST", "release", {})
    tasks = product.wait_all([*ids, *draw(product, "after the flush")])

    assert_faithful(product, sim, tasks)


@pytest.mark.skipif("REDIS_URL" in os.environ, reason="it is not ours to kill")
def test_after_redis_is_killed_the_next_interaction_leaves_soon(
    product: Product, sim: Simulator
) -> None:
    product.kill("valkey")
    began = time.monotonic()

    ids = [product.imagine("soon after the kill")]

    eventually(lambda: sim.posts("soon after the kill"), what="it is sent")
    assert time.monotonic() - began < 10 + 5  # the promise, and a loaded machine's part
    assert_faithful(product, sim, product.wait_all(ids))


def test_a_socket_cut_while_jobs_end(product: Product, sim: Simulator) -> None:
    rule = sim.rule({"kind": "imagine"}, {"finish_at": 31})
    ids = draw(product, "behind the cut")
    for task_id in ids:
        product.wait_for(task_id, "IN_PROGRESS")

    sim.ask("POST", "gateway/drop", {"seconds": 10})
    sim.ask("DELETE", f"rules/{rule}")
    sim.ask("POST", "release", {})

    assert_faithful(product, sim, product.wait_all(ids))


def test_a_refused_resume_is_repaired_from_history(
    product: Product, sim: Simulator
) -> None:
    rule = sim.rule({"kind": "imagine"}, {"finish_at": 31})
    ids = draw(product, "forgotten session")
    for task_id in ids:
        product.wait_for(task_id, "IN_PROGRESS")

    sim.knobs(refuse_resume=True)
    sim.ask("POST", "gateway/drop", {"seconds": 3})
    sim.ask("DELETE", f"rules/{rule}")
    sim.ask("POST", "release", {})
    tasks = product.wait_all(ids)
    sim.knobs(refuse_resume=False)

    assert_faithful(product, sim, tasks)


def test_every_event_twice(product: Product, sim: Simulator) -> None:
    sim.rule({"event": "*"}, {"duplicate": 2})

    assert_faithful(product, sim, product.wait_all(draw(product, "seen twice")))


def test_finals_before_starts(product: Product, sim: Simulator) -> None:
    sim.rule({"phase": "start"}, {"after": "final"})

    assert_faithful(product, sim, product.wait_all(draw(product, "end first")))


LOST_ANSWERS: dict[str, dict[str, Any]] = {
    "cut after it was taken": {"cut": "after"},
    "cut before it was taken": {"cut": "before"},
    "502 after it was taken": {"http": {"status": 502, "body": "no"}, "accept": True},
    "500 before it was taken": {"http": {"status": 500, "body": {"message": "no"}}},
    "429": {
        "http": {
            "status": 429,
            "body": {"message": "slow", "retry_after": 0.3, "global": False},
        }
    },
}


@pytest.mark.parametrize("effect", LOST_ANSWERS.values(), ids=LOST_ANSWERS)
def test_an_answer_that_does_not_tell(
    product: Product, sim: Simulator, effect: dict[str, Any]
) -> None:
    name = f"answer {effect}".translate(str.maketrans("", "", "{}[]'\":,"))
    sim.rule({"route": "POST /interactions"}, effect, times=2)

    assert_faithful(product, sim, product.wait_all(draw(product, name, 3)))


def test_a_stale_command_version_is_refreshed_once(
    product: Product, sim: Simulator
) -> None:
    sim.ask("POST", "commands", {})

    assert_faithful(product, sim, product.wait_all(draw(product, "new version", 3)))


VARIANTS: dict[str, dict[str, Any]] = {
    "finals say nothing": {"final_metadata": False, "final_reference": False},
    "finals carry the nonce": {"final_nonce": True},
    "filled later": {"start_form": "loading"},
    "edited": {"final_form": "edit"},
    "no progress": {"progress_steps": ""},
    "plain previews": {"preview_name": "plain"},
    "deleted first": {"delete_delay": -1.0},
    "event before the answer": {"ack_delay": -0.5, "success_delay": -0.02},
    "odd shapes": {
        "partial_updates": True,
        "unknown_components": True,
        "footer_line": True,
    },
    "wrong clock": {"clock_skew": 120.0},
    "split frames": {"split_frames": 3},
}


@pytest.mark.parametrize("knobs", VARIANTS.values(), ids=VARIANTS)
def test_every_shape_of_a_job(
    product: Product, sim: Simulator, knobs: dict[str, Any]
) -> None:
    usual = sim.ask("GET", "knobs")
    name = "shape " + " ".join(sorted(knobs)).replace("_", " ")
    sim.knobs(**knobs)
    try:
        tasks = product.wait_all(draw(product, name, 3))
    finally:
        sim.knobs(**{knob: usual[knob] for knob in knobs})

    assert_faithful(product, sim, tasks)


# --- parts of the product ------------------------------------------------------------


def readiness(product: Product) -> dict[str, Any]:
    status, answer = call("GET", f"{product.url}/readyz")
    words: dict[str, Any] = json.loads(answer)
    assert (status == 200) is (words["status"] == "ready")
    return words


@pytest.mark.parametrize("role", ["worker", "beat", "gateway"])
def test_a_part_that_hangs_is_known_and_one_that_is_back_too(
    product: Product, role: str
) -> None:
    eventually(lambda: readiness(product)["status"] == "ready", what="all is ready")
    held = product.pids(role)
    assert held
    for pid in held:
        os.kill(pid, signal.SIGSTOP)
    try:
        eventually(lambda: readiness(product)[role] == "down", what=f"{role} is missed")
    finally:
        for pid in held:
            os.kill(pid, signal.SIGCONT)

    eventually(
        lambda: readiness(product)["status"] == "ready", what="all is well again"
    )


@pytest.mark.skipif("REDIS_URL" in os.environ, reason="its files are somebody else's")
def test_damaged_files_of_the_embedded_redis_are_set_aside(
    product: Product, sim: Simulator
) -> None:
    product.stop()
    (file,) = (product.data / "redis" / "appendonlydir").glob("*.incr.aof")
    body = file.read_bytes()
    at = body.index(b"\r\n*", len(body) // 2) + 2
    file.write_bytes(body[:at] + b"GARBAGE" + body[at + 7 :])
    told = len(product.log.read_text().splitlines())

    product.restart()

    tasks = product.wait_all(draw(product, "after the damage"))
    assert_faithful(product, sim, tasks)
    eventually(lambda: readiness(product)["status"] == "ready", what="all is ready")
    lines = product.log.read_text().splitlines()[told:]
    assert len([line for line in lines if "| ERROR " in line]) == 1
    assert len(list(product.data.glob("redis.damaged-*"))) == 1


# --- what is refused for good --------------------------------------------------------


def test_a_400_is_one_try_with_discords_words(product: Product, sim: Simulator) -> None:
    body = {"code": 50035, "message": "Invalid Form Body"}
    http = {"status": 400, "body": body}
    sim.rule({"prompt_regex": "never taken"}, {"http": http})

    (task,) = product.wait_all([product.imagine("never taken")])

    assert task["status"] == "FAILURE"
    assert "Invalid Form Body" in task["failReason"]
    assert sim.posts("never taken") == 1


def test_an_editor_that_is_down_is_pressed_again_later(
    product: Product, sim: Simulator
) -> None:
    (grid,) = product.wait_all([product.imagine("for the editor")])
    (single,) = product.wait_all([product.press(grid, "upsample::1")["result"]])
    size = (single["imageWidth"], single["imageHeight"])
    sim.rule({"custom_id": "Inpaint"}, {"knobs": {"inpaint_status": 503}}, times=2)

    answer = product.press(single, "Inpaint")
    task_id = product.answer_window(answer, maskBase64=data_url(mask(size)))
    (task,) = product.wait_all([task_id])

    assert task["status"] == "SUCCESS"
    presses = [e for e in sim.interactions() if "Inpaint" in e["custom_id"]]
    assert len(presses) == 3
