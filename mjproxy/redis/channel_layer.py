"""The channel layer, whose subscription is replaced where Redis falls silent.

redis-py asks for an answer where it has heard nothing for `health_check_interval`
seconds, but does not mind if none comes.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Final

from channels_redis.pubsub import (
    RedisPubSubChannelLayer,
    RedisSingleShardConnection,
)
from redis import RedisError

LOOK_EVERY: Final = 1.0  # seconds
PATIENCE: Final = 3.0  # seconds that an answer may take


class Shard(RedisSingleShardConnection):
    """One Redis, whose subscription is watched."""

    async def _do_receiving(self) -> None:
        watching = asyncio.create_task(self._watch())
        try:
            await super()._do_receiving()
        finally:
            watching.cancel()

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOK_EVERY)
            line = self._pubsub.connection if self._pubsub else None
            if line is None or not line.is_connected or not line.next_health_check:
                continue
            if loop.time() > line.next_health_check + PATIENCE:
                with suppress(RedisError, OSError):
                    await line.disconnect(nowait=True)


class Layer(RedisPubSubChannelLayer):
    """Channels' own, with watched subscriptions."""

    def _get_layer(self) -> Any:
        loop = asyncio.get_running_loop()
        if loop not in self._layers:
            found = super()._get_layer()  # it sees to the end of the loop too
            hosts = self._kwargs["hosts"]
            found._shards = [Shard(host, found) for host in hosts]
        return self._layers[loop]
