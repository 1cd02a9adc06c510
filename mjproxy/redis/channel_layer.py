"""Channel layer that notices a silent Redis, and says how its messages look there.

redis-py asks for an answer after `health_check_interval` seconds of silence, but does
not react if none comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any, Final

from channels_redis.pubsub import (
    RedisPubSubChannelLayer,
    RedisPubSubLoopLayer,
    RedisSingleShardConnection,
)
from redis import RedisError

LOOK_EVERY: Final = 1.0  # seconds
PATIENCE: Final = 3.0  # seconds within which an answer must come


class Shard(RedisSingleShardConnection):
    """One Redis server, with a watched subscription."""

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

    def to_group(self, group: str, message: Mapping[str, object]) -> tuple[str, bytes]:
        """Return the channel of Redis for a group, and the message as it goes there."""
        return self._names._get_group_channel_name(group), self.serialize(message)

    def to_channel(
        self, channel: str, message: Mapping[str, object]
    ) -> tuple[str, bytes]:
        """Return the same for a channel."""
        return channel, self.serialize(message)

    @cached_property
    def _names(self) -> RedisPubSubLoopLayer:
        return RedisPubSubLoopLayer(*self._args, channel_layer=self, **self._kwargs)

    def _get_layer(self) -> Any:
        loop = asyncio.get_running_loop()
        if loop not in self._layers:
            found = super()._get_layer()  # it sees to the end of the loop too
            hosts = self._kwargs["hosts"]
            found._shards = [Shard(host, found) for host in hosts]
        return self._layers[loop]
