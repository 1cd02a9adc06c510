"""Base of the simulator: clock, ids, settings, constants, JSON."""
