"""WebSocket addresses and channels of this app."""

from __future__ import annotations

from typing import Any

from gateway.worker import CHANNEL, GatewayConsumer

websocket_urlpatterns: list[Any] = []
channel_routes: dict[str, Any] = {CHANNEL: GatewayConsumer.as_asgi()}
