"""Simulate Discord and the Midjourney bot, for tests, demos and benchmarks.

Nothing is imported here, so that `gateway.simulator.state.accounts` stays cheap to
import.
"""
