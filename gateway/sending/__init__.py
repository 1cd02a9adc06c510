"""Outbound: what is posted to Discord, and the claims before a post."""
