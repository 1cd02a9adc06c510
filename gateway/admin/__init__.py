"""Pages of the admin: sessions, lanes, processes, settings."""

from gateway.admin import gateway, settings

__all__ = ["gateway", "settings"]
