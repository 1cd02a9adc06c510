"""Gateway process: a Channels worker that also holds the sockets."""

from __future__ import annotations

import asyncio
import logging
import signal

from channels.worker import Worker

from gateway import lease_holders, nudges
from gateway.sockets.manager import Manager
from gateway.sockets.reconnect import STEADY
from mjproxy.lib.db import clock
from mjproxy.lib.db.threads import watch_over_threads
from mjproxy.lib.process import backoff
from mjproxy.lib.process.open_files import allow_open_files
from mjproxy.lib.process.signs_of_life import Life
from mjproxy.lib.process.watchdog import notify, watch

logger = logging.getLogger(__name__)


class GatewayWorker(Worker):
    """Listens to its channel and runs the manager until a signal stops it."""

    # Seconds between two looks for failed consumers; by default ten in a second.
    application_checker_interval = 5.0

    async def handle(self) -> None:
        allow_open_files()
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        manager = Manager()
        alive = await asyncio.to_thread(lease_holders.keep, manager.name)
        nudges.nudged.connect(manager.kick)
        life = Life("gateway")
        life.works = clock.was_right
        await asyncio.to_thread(life.begin)
        manager.looked.append(life.sign)
        holding = asyncio.create_task(manager.run())
        hearing = asyncio.create_task(self._hear())
        watch.require("loop", loop.call_soon_threadsafe)
        watch_over_threads()
        watch.begin()
        notify("READY=1")
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({holding, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in (hearing, holding, stopping):
            task.cancel()
        await manager.close()
        if not holding.done() or holding.cancelled():
            await asyncio.to_thread(life.end)
        if alive:
            alive.close()
        if holding.done() and not holding.cancelled():
            holding.result()

    async def _hear(self) -> None:
        """Receive nudges.

        Without Redis there are none; the rows are read every second anyway.
        """
        failures, loop = 0, asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                await super().handle()
            except Exception as exc:
                failures = 1 if loop.time() - began > STEADY else failures + 1
                if failures == 1:
                    said = "no messages from Redis at the moment: %s"
                    logger.warning(said, type(exc).__name__, extra={"error": exc})
                await asyncio.sleep(backoff.delay(failures, longest=10.0))
