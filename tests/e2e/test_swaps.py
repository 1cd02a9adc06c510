"""Face swaps: drawn by a provider, paid once whatever dies, stopped when cancelled."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from PIL import Image

from gateway.simulator.swaps.provider import TOKEN
from tests.e2e.calls import call, eventually
from tests.e2e.harness import Product, Simulator
from tests.pictures import data_url, picture

ACCOUNTS = 1  # none is needed for a swap
PREDICTIONS = {"route": "POST /v1/predictions"}


@pytest.fixture(scope="module", autouse=True)
def _swaps_are_on(product: Product, sim: Simulator) -> None:
    group = {"url": f"{sim.url}/v1", "token": TOKEN, "enableFaceSwap": True}
    group["reason"] = "the test"
    said = product.api("POST", "/mj/admin/setting", {"replicate": group})
    assert said["success"], said


def predictions(sim: Simulator) -> list[dict[str, Any]]:
    key = {"Authorization": f"Bearer {TOKEN}"}
    status, body = call("GET", f"{sim.url}/v1/predictions", None, key)
    assert status == 200
    found: list[dict[str, Any]] = json.loads(body)["results"]
    return found


def submit(product: Product) -> str:
    body = {
        "sourceBase64": data_url(picture(colour="red")),
        "targetBase64": data_url(picture((60, 40), "blue")),
    }
    answer = product.api("POST", "/mj/insight-face/swap", body)
    assert answer["code"] in (1, 22), answer
    return str(answer["result"])


def paid_since(sim: Simulator, before: int, count: int) -> list[dict[str, Any]]:
    """Return the predictions made since, once there are so many."""

    def look() -> list[dict[str, Any]]:
        new = predictions(sim)[: len(predictions(sim)) - before]
        return new if len(new) >= count else []

    found: list[dict[str, Any]] = eventually(look, what=f"{count} orders have arrived")
    return found


def test_a_face_comes_into_a_picture(product: Product, sim: Simulator) -> None:
    task = product.wait_for(submit(product), "SUCCESS")

    assert task["status"] == "SUCCESS", task["failReason"]
    with Image.open(io.BytesIO(product.picture(task))) as result:
        assert result.size == (60, 40)
        assert result.getpixel((6, 6)) == (255, 0, 0)
    assert (task["action"], task["isReplicate"]) == ("SWAP_FACE", True)
    assert sim.violations() == []


@pytest.mark.parametrize("arrives", [True, False])
def test_a_worker_that_dies_while_it_orders_pays_once(
    product: Product, sim: Simulator, *, arrives: bool
) -> None:
    """The order has arrived when the worker dies, or was cut off before."""
    before = len(predictions(sim))
    effect: dict[str, Any] = {"http_delay": 30} if arrives else {"cut": "before"}
    rule = sim.rule(PREDICTIONS, effect, times=1)
    task_id = submit(product)
    if arrives:
        paid_since(sim, before, 1)
    else:
        eventually(
            lambda: any(
                row["id"] == rule and row["applied"] for row in sim.ask("GET", "rules")
            ),
            what="the order was cut off",
        )

    product.kill("worker")
    task = product.wait_for(task_id, "SUCCESS")

    assert task["status"] == "SUCCESS", task["failReason"]
    assert len(predictions(sim)) == before + 1
    assert product.picture(task)


def test_a_worker_that_dies_while_it_waits_pays_once(
    product: Product, sim: Simulator
) -> None:
    before = len(predictions(sim))
    sim.knobs(swap_time=40)
    task_id = submit(product)
    product.wait_for(task_id, "IN_PROGRESS")
    sim.knobs(swap_time=3)

    product.kill("worker")
    task = product.wait_for(task_id, "SUCCESS")

    assert task["status"] == "SUCCESS", task["failReason"]
    assert len(predictions(sim)) == before + 1


def test_a_cancel_reaches_the_provider(product: Product, sim: Simulator) -> None:
    before = len(predictions(sim))
    sim.knobs(swap_outcome="hang")
    task_id = submit(product)
    product.wait_for(task_id, "IN_PROGRESS")

    product.api("POST", f"/mj/task/{task_id}/cancel")
    task = product.wait_for(task_id, "FAILURE")
    sim.knobs(swap_outcome="succeeded")

    assert "cancelled by user" in task["failReason"]
    (paid,) = paid_since(sim, before, 1)
    assert paid["status"] == "canceled"
