"""The simulator's ground: clock, ids, settings, names of the wire."""
