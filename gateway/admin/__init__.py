"""Pages of the admin: sessions, lanes, processes."""

from gateway.admin import gateway

__all__ = ["gateway"]
