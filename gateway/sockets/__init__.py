"""Sockets: one connection for an account, held by one process."""
