"""Outbound: interactions and uploads to Discord, and the claims behind posts."""
