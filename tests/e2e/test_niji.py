"""The niji bot: its own commands, buttons and windows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.harness import Product, Simulator
from tests.e2e.judge import assert_faithful
from tests.pictures import data_url, mask, picture

NIJI = "1022952195194359889"
BOT = {"botType": "NIJI_JOURNEY"}


@pytest.fixture(scope="module")
def grid(product: Product) -> dict[str, Any]:
    return product.wait_for(product.imagine("a niji cat --ar 1:1", **BOT))


@pytest.fixture(scope="module")
def single(product: Product, grid: dict[str, Any]) -> dict[str, Any]:
    return product.wait_for(product.press(grid, "upsample::3")["result"])


def assert_at_niji(
    product: Product, sim: Simulator, tasks: list[dict[str, Any]]
) -> None:
    assert_faithful(product, sim, tasks)
    jobs = {job["uuid"]: job for job in sim.jobs()}
    assert {jobs[t["jobId"]]["application_id"] for t in tasks} == {NIJI}
    assert {t["botType"] for t in tasks} == {"NIJI_JOURNEY"}


def test_its_buttons_draw_at_niji(
    product: Product, sim: Simulator, grid: dict[str, Any], single: dict[str, Any]
) -> None:
    pressed = [
        product.press(grid, "variation::1"),
        product.press(grid, "reroll"),
        product.press(single, "Outpaint::50"),
        product.press(single, "2x_creative"),
    ]
    zoom = product.press(single, "CustomZoom")
    page = product.press(single, "Inpaint")
    size = (single["imageWidth"], single["imageHeight"])
    white = data_url(mask(size, (0, 0, size[0] // 2, size[1])))

    ids = [answer["result"] for answer in pressed]
    ids.append(product.answer_window(zoom))
    ids.append(product.answer_window(page, prompt="a hat", maskBase64=white))
    tasks = product.wait_all(ids)

    assert_at_niji(product, sim, [grid, single, *tasks[:4]])
    assert all(t["status"] == "SUCCESS" for t in tasks), tasks


def test_its_remix_mode_is_its_own(
    product: Product, sim: Simulator, grid: dict[str, Any]
) -> None:
    for spec in product.accounts:
        sim.ask("POST", "accounts", {"change": spec.name, "niji_remix": True})
    for row in product.api("GET", "/mj/account/list"):
        product.api("PUT", f"/mj/admin/account/{row['id']}", {"nijiRemixOn": True})

    answer = product.press(grid, "variation::2")
    task = product.wait_for(product.answer_window(answer, prompt="a niji dog"))

    for spec in product.accounts:
        sim.ask("POST", "accounts", {"change": spec.name, "niji_remix": False})
    assert "a niji dog" in task["properties"]["finalPrompt"]
    assert_at_niji(product, sim, [task])


def test_its_words_and_pictures(product: Product, sim: Simulator) -> None:
    ids = [
        product.submit("describe", base64=data_url(picture()), **BOT),
        product.submit("shorten", prompt="a very very long niji cat", **BOT),
        product.submit(
            "blend",
            base64Array=[data_url(picture()), data_url(picture(colour="blue"))],
            **BOT,
        ),
    ]

    tasks = product.wait_all(ids)

    for task in tasks:
        assert task["status"] == "SUCCESS", task["failReason"]
    asked = {i["command"] for i in sim.interactions() if i["command"]}
    assert {"describe", "shorten", "blend"} <= asked


def test_its_seed_is_told(
    product: Product, sim: Simulator, grid: dict[str, Any]
) -> None:
    said = product.api("GET", f"/mj/task/{grid['id']}/image-seed")

    job = next(job for job in sim.jobs() if job["uuid"] == grid["jobId"])
    assert (said["code"], said["result"]) == (1, str(job["seed"]))
