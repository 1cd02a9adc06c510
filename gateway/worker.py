"""The gateway process: a Channels worker that also holds the sockets."""

from __future__ import annotations

import asyncio
import logging
import signal

from channels.worker import Worker

from gateway import hints
from gateway.manager import Manager

logger = logging.getLogger(__name__)


class GatewayWorker(Worker):
    """Listens to its channel and runs the manager until it is told to stop."""

    async def handle(self) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        manager = Manager()
        hints.listeners.append(manager.kick)
        holding = asyncio.create_task(manager.run())
        hearing = asyncio.create_task(self._hear())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({holding, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in (hearing, holding, stopping):
            task.cancel()
        await manager.close()
        if holding.done() and not holding.cancelled():
            holding.result()

    async def _hear(self) -> None:
        """Receive hints; without Redis there are none, and the rows are enough."""
        while True:
            try:
                await super().handle()
            except Exception as exc:
                logger.warning("no hints for the moment: %s", type(exc).__name__)
                await asyncio.sleep(1)
