"""Requests and answers: pages, byte ranges, throttling, slow hosts outside."""
