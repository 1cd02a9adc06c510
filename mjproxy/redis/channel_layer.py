"""Channel layer that sends many messages at once, and notices a silent Redis.

redis-py asks for an answer after `health_check_interval` seconds of silence, but does
not react if none comes.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from channels_redis.pubsub import (
    RedisPubSubChannelLayer,
    RedisSingleShardConnection,
)
from redis import RedisError

LOOK_EVERY: Final = 1.0  # seconds
PATIENCE: Final = 3.0  # seconds within which an answer must come


class Shard(RedisSingleShardConnection):
    """One Redis server, with a watched subscription."""

    async def publish_all(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Publish on many channels with one write and one read."""
        async with self._lock:
            self._ensure_redis()
            together = self._redis.pipeline(transaction=False)
            for channel, message in messages:
                together.publish(channel, message)
            await together.execute()

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
    """Channels' layer, with watched subscriptions."""

    async def send_to_groups(
        self, messages: Sequence[tuple[str, dict[str, Any]]]
    ) -> None:
        """Send to each group its message."""
        found = self._get_layer()
        by_shard: dict[Shard, list[tuple[str, bytes]]] = defaultdict(list)
        for group, message in messages:
            channel = found._get_group_channel_name(group)
            shard = found._get_shard(channel)
            by_shard[shard].append((channel, self.serialize(message)))
        for shard, together in by_shard.items():
            await shard.publish_all(together)

    def _get_layer(self) -> Any:
        loop = asyncio.get_running_loop()
        if loop not in self._layers:
            found = super()._get_layer()  # it sees to the end of the loop too
            hosts = self._kwargs["hosts"]
            found._shards = [Shard(host, found) for host in hosts]
        return self._layers[loop]
