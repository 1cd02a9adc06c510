"""Map WebSocket paths and channels to the consumers of this app."""

from __future__ import annotations

from typing import Any

from django.urls import path

from gateway.live.websocket import TasksConsumer
from gateway.nudges import CHANNEL, GatewayConsumer

_tasks: Any = TasksConsumer.as_asgi()
websocket_urlpatterns: list[Any] = [path("ws/tasks", _tasks)]
channel_routes: dict[str, Any] = {CHANNEL: GatewayConsumer.as_asgi()}
