"""Simulate Discord and the Midjourney bot, for tests, demos and benchmarks.

Nothing is imported here, so that `gateway.simulator.state.world` stays cheap to import.
"""
