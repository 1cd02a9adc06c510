"""Answers to the ports of tasks. Registered by GatewayConfig.ready()."""

from __future__ import annotations

from typing import Final

from gateway.discord.addresses import load_addresses
from gateway.discord.command_index import longest_known
from gateway.lanes.waits import lanes_of
from gateway.models import GatewaySettings
from mjproxy.lib.db.snapshot import Snapshot
from tasks import ports

# Where the operator's settings say that Discord's CDN is.
cdn_base: Final = Snapshot(lambda: load_addresses().cdn, GatewaySettings)


def register() -> None:
    """Answer the ports of tasks from now on."""
    ports.lanes.register(lanes_of)
    ports.option_limit.register(longest_known)
    ports.cdn_base.register(cdn_base)
