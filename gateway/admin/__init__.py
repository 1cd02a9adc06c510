"""Pages of the admin: sessions, lanes, processes, accounts."""

from gateway.admin import accounts, gateway

__all__ = ["accounts", "gateway"]
