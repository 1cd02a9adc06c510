"""Submits at a steady rate, each followed to its end."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import Any

import aiohttp
from aiohttp import web

from tests.bench.figures import percentiles
from tests.e2e.harness import TERMINAL, Product, Simulator


async def measure(
    sim: Simulator, product: Product, *, rate: int, seconds: int
) -> dict[str, Any]:
    """Submit `rate` drawings a second; return the percentiles of each stretch."""
    run = Run(sim, product)
    async with run:
        await run.submit_all(rate, rate * seconds)
        await run.wait_for_ends()
    return run.report()


MOST_IDS = 500  # in one call
LOOK_EVERY = 1.0  # seconds between two looks for the ends of tasks without hooks


class Run:
    """One measurement: a receiver of hooks, a client, and what both have seen.

    Not `hooked`: the tasks name no hook. Not `probed`: nothing is fetched meanwhile.
    """

    def __init__(
        self,
        sim: Simulator,
        product: Product,
        *,
        hooked: bool = True,
        probed: bool = True,
    ) -> None:
        self.sim, self.product = sim, product
        self.is_hooked, self.is_probed = hooked, probed
        self.ids: list[str] = []
        self.name = uuid.uuid4().hex[:8]
        self.sent: dict[str, float] = {}  # prompt -> start of its submit
        self.answers: list[float] = []
        self.hooked: dict[str, float] = {}  # task id -> arrival of its last hook
        self.fetched: dict[str, float] = {}  # job uuid -> seen finished by a fetch
        self.refused = 0
        self._ended = asyncio.Event()
        self._probing = asyncio.Lock()
        self._probes: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Run:
        app = web.Application()
        app.router.add_post("/hook", self._hook)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.hook_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/hook"
        self.http = aiohttp.ClientSession(
            headers={"mj-api-secret": self.product.api_key}
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()
        await self._runner.cleanup()

    async def _hook(self, request: web.Request) -> web.Response:
        task = await request.json()
        if task["status"] in ("SUCCESS", "FAILURE"):
            self.hooked[task["id"]] = time.time()
            if len(self.hooked) + self.refused >= len(self.sent):
                self._ended.set()
        elif not self.is_probed:
            pass
        elif int(task["progress"][:-1]) > 90 and not self._probing.locked():
            # Near its end: one drawing at a time is fetched until it has come.
            probe = asyncio.create_task(self._probe(task["id"]))
            self._probes.add(probe)
            probe.add_done_callback(self._probes.discard)
        return web.Response()

    async def _probe(self, task_id: str) -> None:
        url = f"{self.product.url}/mj/task/{task_id}/fetch"
        async with self._probing:
            for _ in range(2000):
                async with self.http.get(url) as response:
                    task = await response.json()
                if task["status"] == "SUCCESS":
                    self.fetched[task["messageId"]] = time.time()
                    return

    async def submit_all(self, rate: int, count: int) -> None:
        loop = asyncio.get_running_loop()
        begin = loop.time()
        submits = []
        for number in range(count):
            await asyncio.sleep(max(0.0, begin + number / rate - loop.time()))
            submits.append(asyncio.create_task(self._submit(number)))
        await asyncio.gather(*submits)

    async def _submit(self, number: int) -> None:
        prompt = f"bench {self.name} number {number}"
        body = {"prompt": prompt} | (
            {"notifyHook": self.hook_url} if self.is_hooked else {}
        )
        self.sent[prompt] = begin = time.time()
        async with self.http.post(
            f"{self.product.url}/mj/submit/imagine", json=body
        ) as response:
            answer = await response.json()
        self.answers.append(time.time() - begin)
        if answer["code"] in (1, 22):
            self.ids.append(answer["result"])
        else:
            self.refused += 1

    async def wait_for_ends(self) -> None:
        async with asyncio.timeout(180):
            if self.is_hooked:
                await self._ended.wait()
            else:
                await self._look_for_ends()

    async def _look_for_ends(self) -> None:
        """Read the tasks seldom, because reading is not what is measured."""
        waiting = set(self.ids)
        while waiting:
            await asyncio.sleep(LOOK_EVERY)
            rows = await asyncio.to_thread(self.product.tasks, list(waiting))
            waiting -= {row["id"] for row in rows if row["status"] in TERMINAL}

    def report(self) -> dict[str, Any]:
        ledger = self.sim.ask(
            "GET", "ledger?sha256=0&fields=interactions,jobs,dispatches"
        )
        posted = {row["prompt"]: row["at"] for row in ledger["interactions"]}
        event = {
            row["id"]: row["at"]
            for row in ledger["dispatches"]
            if row["t"] == "MESSAGE_CREATE"
        }
        ids = list(self.hooked)
        tasks = [
            task
            for begin in range(0, len(ids), MOST_IDS)
            for task in self.product.tasks(ids[begin : begin + MOST_IDS])
        ]
        failed = [t for t in tasks if t["status"] != "SUCCESS"]
        last_job = max(event.get(t["messageId"], 0.0) for t in tasks)
        return {
            "seconds_to_end": round(max(self.hooked.values()) - last_job, 1),
            "submitted": len(self.sent),
            "refused": self.refused,
            "failed": len(failed),
            "submit_answer": percentiles(self.answers),
            "submit_to_interaction": percentiles(
                [posted[p] - at for p, at in self.sent.items() if p in posted]
            ),
            "event_to_fetch": percentiles(
                [at - event[m] for m, at in self.fetched.items() if m in event]
            ),
            "event_to_webhook": percentiles(
                [
                    self.hooked[t["id"]] - event[t["messageId"]]
                    for t in tasks
                    if t["messageId"] in event
                ]
            ),
        }


def flood(sim: Simulator, product: Product) -> float:
    """Return how many progress events one gateway process handles in a second.

    Many jobs with small steps, all begun before the first step: the number of events
    divided by the time until the end.
    """
    usual = sim.ask("GET", "knobs")
    steps = ",".join(str(n) for n in range(0, 100, 2))
    sim.knobs(progress_steps=steps, progress_interval=0.2, final_delay=0.2)
    rule = sim.rule({"kind": "imagine"}, {"finish_at": 0})
    ids = [product.imagine(f"flood {time.time()} {n}") for n in range(60)]
    for task_id in ids:
        product.wait_for(task_id, "IN_PROGRESS")
    sim.ask("DELETE", f"rules/{rule}")
    begin = time.time()
    sim.ask("POST", "release", {})
    product.wait_all(ids)
    last = max(t["finishTime"] for t in product.tasks(ids)) / 1000
    sim.knobs(
        **{k: usual[k] for k in ("progress_steps", "progress_interval", "final_delay")}
    )
    events = 60 * 51  # steps, final, delete
    return float(round(events / (last - begin), 1))
