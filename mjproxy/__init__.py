"""Composition of mjproxy: settings, addresses, servers."""

__version__ = "0.1.0"
