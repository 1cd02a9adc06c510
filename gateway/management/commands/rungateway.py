"""`manage.py rungateway`: hold the Discord sockets of the accounts."""

from __future__ import annotations

from typing import Any

from channels import DEFAULT_CHANNEL_LAYER
from channels.layers import get_channel_layer
from channels.routing import ChannelNameRouter
from django.core.management.base import BaseCommand

from gateway.nudges import CHANNEL, GatewayConsumer
from gateway.sockets.process import GatewayWorker
from mjproxy.lib.db import durability, snapshot, time_limits
from mjproxy.lib.process import garbage


class Command(BaseCommand):
    help = "Hold the gateway sockets of the enabled Discord accounts."

    def handle(self, *args: Any, **options: Any) -> None:
        time_limits.bind(time_limits.JOBS)
        durability.relax()
        garbage.freeze()
        snapshot.keep_fresh()
        channel_routes: dict[str, Any] = {CHANNEL: GatewayConsumer.as_asgi()}
        GatewayWorker(
            application=ChannelNameRouter(channel_routes),
            channels=[CHANNEL],
            channel_layer=get_channel_layer(DEFAULT_CHANNEL_LAYER),
        ).run()
