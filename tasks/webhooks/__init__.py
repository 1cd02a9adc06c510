"""Webhooks: rows written with the change, and the calls."""
