"""Answers to the ports of tasks. Registered by GatewayConfig.ready()."""

from __future__ import annotations

from gateway.discord.addresses import load_addresses
from gateway.discord.command_index import longest_known
from gateway.lanes.waits import lanes_of
from tasks import ports


def cdn_base() -> str:
    """Return where the operator's settings say that Discord's CDN is."""
    return load_addresses().cdn


def register() -> None:
    """Answer the ports of tasks from now on."""
    ports.lanes.register(lanes_of)
    ports.option_limit.register(longest_known)
    ports.cdn_base.register(cdn_base)
