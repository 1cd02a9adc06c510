"""Inbound: from an event of Discord to one move of one task."""
