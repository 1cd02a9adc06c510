"""Requests that are slow or arrive late: with the product's own settings, as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from gateway import timing
from tests.e2e.harness import Product, Simulator, eventually, ready_product, specs
from tests.e2e.judge import assert_faithful
from tests.e2e.services import TEMPLATE, given_services
from tests.pictures import data_url, mask, picture
from tests.relay import Relay, relay_to

pytestmark = pytest.mark.timeout(600)
ACCOUNTS = 3
SLOW = 6  # uploads; an account has two at a time, so others wait for their turn


@dataclass(frozen=True)
class Lines:
    """What stands between the product and the hosts that it calls."""

    rest: Relay
    upload: Relay
    activity: Relay

    def environment(self) -> dict[str, str]:
        return {
            "NG_DISCORD_SERVER": f"http://127.0.0.1:{self.rest.port}",
            "NG_DISCORD_UPLOAD_SERVER": f"http://127.0.0.1:{self.upload.port}",
            "NG_DISCORD_ACTIVITY": f"http://127.0.0.1:{self.activity.port}",
        }


@pytest.fixture(scope="module")
def lines(sim: Simulator) -> Iterator[Lines]:
    port = urlsplit(sim.url).port or 0
    with ExitStack() as stack:
        yield Lines(*[stack.enter_context(relay_to(port)) for _ in range(3)])


@pytest.fixture(scope="module")
def product(sim: Simulator, lines: Lines, data: Path) -> Iterator[Product]:
    services = given_services(TEMPLATE) | lines.environment()
    with ready_product(sim, data, ACCOUNTS, services) as running:
        yield running


@pytest.fixture(autouse=True)
def _calm_again(sim: Simulator, lines: Lines) -> Iterator[None]:
    yield
    sim.ask("DELETE", "rules")
    for relay in (lines.rest, lines.upload, lines.activity):
        relay.heal()


def test_slow_uploads_hold_up_no_drawing(
    product: Product, sim: Simulator, lines: Lines
) -> None:
    (channel,) = {spec.channel_id for spec in specs(1)}
    here: dict[str, Any] = {"accountFilter": {"instanceId": channel}}
    before = lines.upload.accepted
    lines.upload.delay(27.0)
    slow = [
        product.imagine(f"slow {n}", base64Array=[data_url(picture())], **here)
        for n in range(SLOW)
    ]
    eventually(lambda: lines.upload.accepted >= before + 2, what="two are uploading")

    quick = product.imagine("beside them", **here)

    eventually(lambda: sim.posts("beside them"), what="it has left", limit=8)
    tasks = product.wait_all([*slow, quick], limit=240)
    assert [t for t in tasks if t["status"] != "SUCCESS"] == []
    drawn = Counter(job["prompt"].split("& ")[-1] for job in sim.jobs())
    names = ["beside them", *(f"slow {n}" for n in range(SLOW))]
    assert {name: drawn[name] for name in names} == dict.fromkeys(names, 1)


def test_a_host_that_takes_long_is_given_a_mask_once(
    product: Product, sim: Simulator, lines: Lines
) -> None:
    (grid,) = product.wait_all([product.imagine("for a slow editor")])
    (single,) = product.wait_all([product.press(grid, "upsample::1")["result"]])
    size = (single["imageWidth"], single["imageHeight"])
    before = lines.activity.accepted
    lines.activity.delay(15.0)

    answer = product.press(single, "Inpaint")
    task_id = product.answer_window(answer, maskBase64=data_url(mask(size)))
    (task,) = product.wait_all([task_id])

    assert task["status"] == "SUCCESS", task["failReason"]
    assert lines.activity.accepted == before + 1


def test_what_arrives_after_it_was_given_up_is_drawn_once(
    product: Product, sim: Simulator, lines: Lines
) -> None:
    lines.rest.delay(lambda number: 20.0 if number % 2 else 0.0)

    ids = [product.imagine(f"late {n}") for n in range(24)]

    assert_faithful(product, sim, product.wait_all(ids, limit=400))


def test_what_never_arrives_is_sent_again_when_it_cannot_arrive_any_more(
    product: Product, sim: Simulator
) -> None:
    sim.rule({"prompt_regex": "lost"}, {"cut": "before"}, times=1)

    task_id = product.imagine("lost on its way")

    seen: dict[str, Any] = eventually(
        lambda: _looked_up(product.task(task_id)), what="it says why it waits"
    )
    assert seen["status"] == "SUBMITTED"
    life = timing.REQUEST_LIFE.total_seconds()
    (task,) = product.wait_all([task_id], limit=life + 60)
    assert_faithful(product, sim, [task])


def _looked_up(task: dict[str, Any]) -> dict[str, Any] | None:
    reason = task["properties"]["waitingFor"] or ""
    return task if "is looked up" in reason else None
