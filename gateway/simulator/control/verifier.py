"""Simulate an operator's verification server.

It accepts `POST /cf/verify`, ends the challenge inside this simulator, and reports the
outcome, which the knob `verifier` decides.
"""

import asyncio
import re

import aiohttp
from aiohttp import web

from gateway.simulator.base import wire
from gateway.simulator.base.wire import Json
from gateway.simulator.bot.verification import Verification
from gateway.simulator.http.access import Handler
from gateway.simulator.state.core import Core

REPORT = "/mj/admin/account-cf-notify"
TRIES = 3
_TOKEN = re.compile(r"/captcha/api/c/([^/]+)/ack")


class Verifier:
    """Verification server that works on one job at a time for each `state`."""

    def __init__(self, core: Core, verification: Verification) -> None:
        self.core = core
        self.verification = verification
        self._jobs: dict[str, asyncio.Task[None]] = {}

    def routes(self) -> dict[str, Handler]:
        """Return a map of `METHOD /path` to handler."""
        return {"POST /cf/verify": self.take}

    async def stop(self) -> None:
        """Cancel the jobs that are not reported yet."""
        for job in self._jobs.values():
            job.cancel()

    async def take(self, request: web.Request) -> web.Response:
        """Accept a job; answers 200 before the work is done."""
        if self.core.knobs.verifier == "refuse":
            return web.Response(status=503)
        try:
            sent = wire.load(await request.read())
            job = {str(name).lower(): value for name, value in sent.items()}
        except (ValueError, AttributeError):
            job = {}
        state = str(job.get("state") or "")
        if not state:
            return web.Response(status=400, text="State 不能为空")
        running = self._jobs.get(state)
        if running is None or running.done():
            self._jobs[state] = asyncio.create_task(self._work(job))
        return web.Response()

    async def _work(self, job: Json) -> None:
        knobs = self.core.knobs
        await self.core.clock.sleep(knobs.verifier_delay)
        if knobs.verifier == "timeout":
            return
        found = _TOKEN.search(str(job.get("url")))
        helped = knobs.verifier == "success" and self.verification.passed(
            found[1] if found else ""
        )
        report = {
            "url": job.get("url"),
            "state": job.get("state"),
            "notifyHook": job.get("notifyhook"),
            "secret": job.get("secret"),
            "success": helped,
            "message": "" if helped else "nobody could pass it",
        }
        await self._report(f"{job.get('notifyhook')}{REPORT}", report)

    async def _report(self, url: str, report: Json) -> None:
        async with aiohttp.ClientSession() as session:
            for _ in range(TRIES):
                try:
                    async with session.post(url, json=report) as response:
                        if response.status == 200:
                            return
                except (aiohttp.ClientError, ValueError):
                    pass
                await self.core.clock.sleep(1)
