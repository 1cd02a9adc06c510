"""Users do not starve each other; channels of one account share slots and pace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import Product, Simulator, specs
from tests.e2e.judge import assert_faithful
from tests.e2e.services import TEMPLATE, given_services

SLOTS = 3
BACKLOG = 40
PACE = 2.0


@pytest.fixture(scope="module")
def product(sim: Simulator, data: Path) -> Iterator[Product]:
    """A pool of one account, whose plan would let more run than its row says."""
    running = Product.start(sim, data, **given_services(TEMPLATE))
    try:
        sim.knobs(concurrency=12)
        running.add_account(next(specs(1)), coreSize=SLOTS, maxQueueSize=0)
        running.wait_accounts(1)
        yield running
    finally:
        running.stop()


def make_user(product: Product, name: str) -> str:
    """Return the key of a new user."""
    answer = product.api("POST", "/mj/admin/user", {"name": name})
    key: str = answer["data"]["token"]
    return key


def submit(product: Product, prompt: str, key: str = "", channel: str = "") -> str:
    body = {"prompt": prompt, "accountFilter": {"instanceId": channel}}
    answer = product.api("POST", "/mj/submit/imagine", body, key)
    assert answer["code"] in (1, 22), answer
    task_id: str = answer["result"]
    return task_id


def order_of(sim: Simulator) -> list[str]:
    """Return the drawings' prompts in the order of their interactions."""
    jobs = {job["uuid"]: job["prompt"] for job in sim.jobs()}
    return [jobs[i["job"]] for i in sim.interactions() if i["job"] in jobs]


def assert_never_more_than(slots: int, jobs: list[dict[str, Any]]) -> None:
    # Ids grow: a job runs from its interaction to the message with its picture.
    events = [(int(job["interaction_id"]), 1) for job in jobs]
    events += [(int(job["message_id"]), -1) for job in jobs]
    running = 0
    for _, step in sorted(events):
        running += step
        assert running <= slots


def test_one_drawing_is_not_behind_anothers_forty(
    product: Product, sim: Simulator
) -> None:
    first, second = make_user(product, "first"), make_user(product, "second")
    many = [submit(product, f"backlog {n}", first) for n in range(BACKLOG)]

    one = submit(product, "only this one", second)
    before = len(sim.jobs())
    tasks = product.wait_all([*many, one], limit=240)

    assert before < BACKLOG, "the backlog was gone already"
    assert order_of(sim).index("only this one") < before + SLOTS
    assert_never_more_than(SLOTS, sim.jobs())
    assert_faithful(product, sim, tasks)


def test_two_channels_of_one_account_share_slots_and_pace(
    product: Product, sim: Simulator
) -> None:
    here = product.accounts[0]
    channel = sim.ask("POST", "channels", {"account": here.channel_id})["channel_id"]
    product.add_account(replace(here, channel_id=channel), coreSize=SLOTS)
    product.wait_accounts(2)
    drawn = {job["uuid"] for job in sim.jobs()}

    ids = [
        submit(product, f"shared {n}", channel=(here.channel_id, channel)[n % 2])
        for n in range(16)
    ]
    tasks = product.wait_all(ids, limit=240)

    jobs = [job for job in sim.jobs() if job["uuid"] not in drawn]
    assert {job["channel_id"] for job in jobs} == {here.channel_id, channel}
    assert_never_more_than(SLOTS, jobs)
    assert_faithful(product, sim, tasks)


def test_the_pace_is_kept_over_both_channels(product: Product, sim: Simulator) -> None:
    channels = [spec.channel_id for spec in product.accounts]
    for row in product.api("GET", "/mj/account/list"):
        body = {"id": row["id"], "interval": PACE}
        assert product.api("PUT", f"/mj/admin/account/{row['id']}", body)["success"]
    product.wait_accounts(2)
    known = len(sim.interactions())

    ids = [submit(product, f"slowly {n}", channel=channels[n % 2]) for n in range(4)]
    product.wait_all(ids)

    sent = [i for i in sim.interactions()[known:] if i["job"]]
    moments = [i["at"] for i in sent]
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert len(gaps) == 3
    assert min(gaps) > PACE / 2  # the way there takes not always the same
