"""A day of twenty accounts: what happens to each, and where it stands in the evening.

The test prints the day's time line.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from tests.e2e.calls import eventually
from tests.e2e.harness import Product, Simulator
from tests.e2e.judge import assert_own_picture

Json = dict[str, Any]
ACCOUNTS: Final = 20
NO_TIME, ALL_TIME = "0.0/15.0 hours (0.0%)", "15.0/15.0 hours (100.0%)"


@dataclass
class Day:
    """The day as it goes on, seen from outside."""

    product: Product
    sim: Simulator
    lines: list[str] = field(default_factory=list)
    drawings: list[str] = field(default_factory=list)
    _seen: dict[int, tuple[str, bool, str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _over: threading.Event = field(default_factory=threading.Event)
    _begun: float = field(default_factory=time.monotonic)

    # --- the time line ---------------------------------------------------------------

    def note(self, number: int, text: str) -> None:
        moment = time.monotonic() - self._begun
        self.lines.append(f"{moment:6.1f} s  account {number:2}  {text}")

    def watch(self) -> None:
        """Write down each change of an account, until the day is over."""
        while not self._over.wait(0.2):
            self.look()

    def look(self) -> None:
        rows = self.rows()
        for number in range(1, ACCOUNTS + 1):
            self.see(number, rows[self.channel(number)])

    def see(self, number: int, row: Json) -> None:
        now = row["state"], row["fastExhausted"], row["disabledReason"]
        with self._lock:
            if self._seen.get(number) == now:
                return
            self._seen[number] = now
        fast = ", fast time used up" if row["fastExhausted"] else ""
        self.note(number, f"is {row['state']}{fast}  {row['disabledReason']}".strip())

    def rows(self) -> dict[str, Json]:
        rows = self.product.api("GET", "/mj/account/list")
        return {row["channelId"]: row for row in rows}

    # --- what people and machines do --------------------------------------------------

    def channel(self, number: int) -> str:
        return self.product.accounts[number - 1].channel_id

    def name(self, number: int) -> str:
        return self.product.accounts[number - 1].name

    def row(self, number: int) -> Json:
        row: Json = self.product.api("GET", f"/mj/account/{self.channel(number)}/fetch")
        return row

    def draw(self, number: int, prompt: str) -> str:
        """Have one account draw; return the task's id."""
        only = {"instanceId": self.channel(number)}
        task_id = self.product.imagine(prompt, accountFilter=only)
        self.drawings.append(task_id)
        return task_id

    def edit(self, number: int, **fields: Any) -> None:
        path = f"/mj/admin/account/{self.channel(number)}"
        self.note(number, f"edited: {', '.join(fields)}")
        said = self.product.api("PUT", path, fields)
        assert said["success"], said

    def admin(self, number: int, what: str, **query: str) -> None:
        path = f"/mj/admin/account-{what}/{self.channel(number)}"
        self.note(number, f"told: {what} {' '.join(query.values())}".strip())
        said = self.product.api("POST", path, query)
        assert said["success"], said

    def change(self, number: int, **facts: Any) -> None:
        """Change an account at Discord."""
        self.note(number, f"at Midjourney: {facts}")
        self.sim.ask("POST", "accounts", {"change": self.name(number), **facts})

    def meets(self, number: int, **effect: Any) -> None:
        """Let the account's next drawing meet something."""
        match = {"account": self.name(number), "command": "imagine"}
        self.note(number, f"draws and meets: {effect}")
        self.sim.rule(match, effect, times=1)
        self.draw(number, f"what happens to account {number}")

    def stands(self, number: int, state: str, **facts: Any) -> Json:
        """Return the account's row once it stands there."""

        def look() -> Json | None:
            row = self.row(number)
            self.see(number, row)
            there = row["state"] == state
            return row if there and facts.items() <= row.items() else None

        return eventually(look, what=f"account {number} is {state} {facts}")

    def close(self) -> None:
        self._over.set()


@pytest.fixture
def day(
    product: Product, sim: Simulator, capsys: pytest.CaptureFixture[str]
) -> Iterator[Day]:
    day = Day(product, sim)
    watcher = threading.Thread(target=day.watch)
    watcher.start()
    try:
        yield day
    finally:
        day.close()
        watcher.join(30)
        with capsys.disabled():
            print("", *day.lines, sep="\n")  # noqa: T201


def test_a_day(day: Day) -> None:
    product = day.product
    morning = [product.imagine(f"in the morning {n}") for n in range(2 * ACCOUNTS)]
    day.drawings += morning
    now = datetime.now(UTC)
    # The minute that ends next, but not before an edited account is back.
    bell = now.replace(second=0, microsecond=0) + timedelta(
        minutes=1 + (now.second > 40)
    )
    day.edit(8, workTime=span(bell - timedelta(hours=1), bell - timedelta(minutes=1)))
    day.edit(9, workTime=span(bell, bell + timedelta(hours=1)))
    parent = product.wait_for(day.draw(10, "before the idle hours"))
    day.edit(10, fishingTime=span(now - timedelta(hours=1), now + timedelta(hours=1)))
    day.stands(9, "resting")

    fast_time_ends(day)
    people_are_asked_for(day)
    blocks(day)
    tokens(day)
    plans(day)
    others(day)

    # Idle hours: buttons yes, new drawings no.
    assert product.press(parent, "upsample::1")["code"] == 1
    refused = product.api(
        "POST",
        "/mj/submit/imagine",
        {"prompt": "not now", "accountFilter": {"instanceId": day.channel(10)}},
    )
    assert refused["code"] == 3, refused
    day.stands(8, "resting")
    day.stands(9, "ready")

    evening = [product.imagine(f"in the evening {n}") for n in range(2 * ACCOUNTS)]
    day.drawings += evening
    tasks = {t["id"]: t for t in product.wait_all(day.drawings)}
    failed = [t for i in morning + evening if (t := tasks[i])["status"] != "SUCCESS"]
    assert not [t for t in failed if t["id"] in evening], failed
    jobs = {job["uuid"]: job for job in day.sim.jobs()}
    for task in tasks.values():
        if task["status"] == "SUCCESS":
            assert_own_picture(product, jobs[task["jobId"]], task)
        else:
            assert task["failReason"], task
    day.look()
    assert {n: day.row(n)["state"] for n in EVENING} == EVENING
    assert not day.sim.violations()


# Where a person would expect each of them.
EVENING: Final = {
    **dict.fromkeys((1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 13, 15, 16, 18), "ready"),
    8: "resting",
    12: "blocked",
    14: "invalid_token",
    17: "no_subscription",
    19: "verification",
    20: "disabled",
}


def span(first: datetime, last: datetime) -> str:
    return f"{first:%H:%M}-{last:%H:%M}"


def fast_time_ends(day: Day) -> None:
    for number in (4, 5, 6):
        day.edit(number, enableFastToRelax=number > 4, enableRelaxToFast=number == 6)
        day.stands(number, "ready")
        day.change(number, fast_time=NO_TIME)
    day.meets(4, notice="fast_exhausted")
    day.admin(5, "sync")
    day.admin(6, "sync")
    for number in (4, 5, 6):
        day.stands(number, "ready", fastExhausted=True)
    day.change(6, fast_time=ALL_TIME)
    day.admin(6, "sync")
    day.stands(6, "ready", fastExhausted=False)


def people_are_asked_for(day: Day) -> None:
    day.meets(11, verify=True)
    day.meets(19, verify=True)
    day.stands(11, "verification", lock=True)
    day.stands(19, "verification", lock=True)
    day.sim.ask("POST", "verify", {"account": day.name(11)})
    day.admin(11, "cf")
    day.stands(11, "ready", lock=False)
    day.draw(11, "after the verification")

    day.meets(7, notice="mod_message")
    day.stands(7, "paused")
    day.edit(7, enable=True)
    day.stands(7, "ready")


def blocks(day: Day) -> None:
    day.meets(12, notice="blocked_until", knobs={"slow_down": 3600})
    day.meets(13, notice="blocked_until", knobs={"slow_down": 3})
    day.stands(12, "blocked")
    day.stands(13, "blocked")
    day.stands(13, "ready")
    day.draw(13, "after the block")


def tokens(day: Day) -> None:
    for number in (14, 15):
        day.note(number, "its token is revoked")
        day.sim.ask("POST", "accounts", {"revoke": day.name(number), "close": True})
        day.stands(number, "invalid_token")
    day.sim.ask("POST", "accounts", {"restore": day.name(15)})
    day.edit(15, userToken=day.product.accounts[14].user_token)
    day.stands(15, "ready")


def plans(day: Day) -> None:
    for number in (17, 18):
        day.change(number, subscription="None")
        day.admin(number, "sync")
        day.stands(number, "no_subscription")
    day.change(18, subscription="Standard (Active monthly)")
    day.edit(18, enable=True)
    day.stands(18, "ready")


def others(day: Day) -> None:
    day.admin(16, "change-version", version="6.1")
    day.stands(16, "ready", version="6.1")
    day.edit(20, enable=False)
    day.stands(20, "disabled")
