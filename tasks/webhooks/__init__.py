"""Webhooks: tell the hook of a task its newest state."""
