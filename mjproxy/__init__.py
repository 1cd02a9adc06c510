"""Composition of mjproxy: settings, URLs, servers and start-up."""

__version__ = "0.1.0"
